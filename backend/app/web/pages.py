"""Pages that belong to no feature: the shade, a region's stylesheet, the page of the API."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.http import PUBLIC
from app.core.errors import NotFound
from app.web import theme
from app.web.csrf import same_site
from app.web.layout import SHADE_COOKIE, SHADES, local_path
from app.web.static_files import A_YEAR
from app.web.templating import render

router = APIRouter(dependencies=[Depends(same_site)])
SHEET = re.compile(r"([0-9a-f]{6})(?:-([0-9a-f]{6}))?\.css")
METHODS = ("get", "post", "put", "patch", "delete")


@router.post("/shade", dependencies=[PUBLIC])
async def choose_shade(
    request: Request, shade: Annotated[str, Form()], next: Annotated[str, Form()] = "/"
) -> Response:
    response = RedirectResponse(local_path(next), 303)
    if shade in SHADES:
        response.set_cookie(
            SHADE_COOKIE,
            shade,
            max_age=31_536_000,
            samesite="lax",
            httponly=True,
            secure=request.url.scheme == "https",
        )
    else:
        response.delete_cookie(SHADE_COOKIE)
    return response


@router.get("/theme/{name}", dependencies=[PUBLIC])
async def region_sheet(name: str) -> Response:
    """A region's colours. They stand in the address, so the reply never changes and holds no secret."""
    match = SHEET.fullmatch(name)
    if match is None:
        raise NotFound
    sheet = theme.theme_from(f"#{match[1]}", f"#{match[2]}" if match[2] else None).stylesheet()
    return Response(sheet, media_type="text/css", headers={"Cache-Control": A_YEAR})


@router.get("/api/docs", dependencies=[PUBLIC])
async def api_docs(request: Request) -> Response:
    """Every route of the JSON API, its permission and its fields, without a script of another host."""
    schema = request.app.state.openapi()
    return render(request, "api_docs.html", operations=_operations(schema), schemas=_schemas(schema))


def _operations(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for path, methods in sorted(schema["paths"].items()):
        for method in METHODS:
            operation = methods.get(method)
            if operation is None:
                continue
            body = operation.get("requestBody", {}).get("content", {})
            found.append(
                {
                    "id": f"{method}-{re.sub(r'[^a-z0-9]+', '-', path.lower()).strip('-')}",
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "permission": operation.get("x-permission", ""),
                    "parameters": [
                        {"name": each["name"], "where": each["in"], "type": _type(each.get("schema", {}))}
                        for each in operation.get("parameters", [])
                    ],
                    "body": next((_type(each.get("schema", {})) for each in body.values()), None),
                    "reply": _reply(operation),
                }
            )
    return found


def _reply(operation: dict[str, Any]) -> str | None:
    for status, reply in operation.get("responses", {}).items():
        if status.startswith("2"):
            content = reply.get("content", {}).get("application/json", {})
            return _type(content["schema"]) if content.get("schema") else None
    return None


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    words = str(schema.get("type", "any"))
    return f"{words} ({schema['format']})" if "format" in schema else words


def _schemas(schema: dict[str, Any]) -> list[dict[str, Any]]:
    listed = schema.get("components", {}).get("schemas", {})
    return [
        {
            "name": name,
            "description": each.get("description", ""),
            "fields": [
                {"name": key, "type": _type(value), "needed": key in each.get("required", [])}
                for key, value in each.get("properties", {}).items()
            ],
        }
        for name, each in sorted(listed.items())
        if each.get("properties") and "ValidationError" not in name
    ]
