"""OpenAPI that tells the truth: which refusals an operation may answer with, and in which form."""

from typing import Any

PROBLEM = {
    "title": "Problem",
    "description": "Every refusal, as RFC 9457 has it: what went wrong, in a sentence that says what to do.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "`urn:hass:error:` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "the sentence to show"},
        "code": {"type": "string", "description": "stable; for programs"},
        "request_id": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "sentence"],
                "properties": {"field": {"type": "string"}, "sentence": {"type": "string"}},
            },
        },
        "permission": {"type": "string", "description": "the right that is missing"},
    },
}
MEANINGS = {
    "400": "What was sent cannot be read.",
    "401": "Nobody is signed in, or the sign-in has ended.",
    "403": "The right that `x-permission` names is missing.",
    "404": "Not there, or out of reach: nobody can tell which.",
    "408": "The body did not arrive in time.",
    "409": "It changed meanwhile, or its state does not allow this.",
    "412": "The row is no longer as the given ETag has it.",
    "413": "The body is too large.",
    "415": "This kind of content is not taken.",
    "422": "Something is missing or wrong; `errors` names the fields.",
    "428": "If-Match is needed.",
    "429": "Too many requests; `Retry-After` says in how many seconds to go on.",
    "503": "HASS cannot answer just now; `Retry-After` says when to try again.",
}
ABOUT = (
    "Every refusal is an `application/problem+json` of the schema Problem. Besides what each operation lists, any "
    "request may be refused for its address (414), its headers (431), its host name (421) or its method (405)."
)
PROBLEM_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
# FastAPI's own form of a 422, which no route of ours answers with.
FOREIGN = ("HTTPValidationError", "ValidationError")


def tell_the_truth(schema: dict[str, Any]) -> None:
    """Adds to every operation the refusals it may answer with; `x-permission` must stand there already."""
    schema["info"]["description"] = ABOUT
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in FOREIGN:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, methods in schema["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, operation in methods.items():
            replies = operation["responses"]
            for status in refusals(method, path, operation):
                replies[status] = {"description": MEANINGS[status], "content": PROBLEM_CONTENT}
            for status, reply in replies.items():
                if status >= "400":
                    # What a route says of itself has the same form.
                    reply.setdefault("content", PROBLEM_CONTENT)
            if operation["x-permission"] != "public":
                operation["security"] = [{"bearer": []}]


def refusals(method: str, path: str, operation: dict[str, Any]) -> list[str]:
    """The statuses, besides success, that this operation may answer with."""
    parameters = {each["name"].lower() for each in operation.get("parameters", ())}
    has_body = "requestBody" in operation
    is_public = operation["x-permission"] == "public"
    found = {"429", "503"}
    if not is_public or has_body:
        found.add("401")
    if not is_public:
        found.add("403")
    if "{" in path or has_body:
        found.add("404")
    if method != "get":
        # A body is weighed wherever one is sent.
        found |= {"400", "409", "413"}
    if has_body:
        found |= {"408", "415"}
    if has_body or parameters:
        found.add("422")
    if "if-match" in parameters:
        found.add("412")
        if method in ("patch", "put"):
            found.add("428")
    return sorted(found)
