"""What a departure waits for (domain 5.4): decided from facts, without looking anything up."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.features.departures.schemas import (
    CriticalOut,
    MissingOut,
    OrderOut,
    PendingOut,
    SummaryOut,
)

# Joint Commission RC.02.04.01 EP 3, element > what it is called.
ELEMENTS = {
    "reason_for_hospitalization": "the reason for the stay",
    "procedures": "the procedures performed, or that there were none",
    "care_provided": "the care and services provided",
    "condition_at_discharge": "the condition at discharge",
    "disposition": "where the patient goes",
    "follow_up": "the provisions for follow-up",
}
AGAINST_ADVICE = "aadvice"


@dataclass(frozen=True)
class Facts:
    """What is recorded on a visit that is about to end."""

    is_ordered: bool
    coded_final_diagnoses: int
    open_transfers: int
    summary: SummaryOut | None
    orders: Sequence[OrderOut]
    pending: Sequence[PendingOut]
    critical: Sequence[CriticalOut]


def missing(facts: Facts) -> list[MissingOut]:
    """Every element that is missing, in the order in which a ward settles them."""
    found: list[MissingOut] = []

    def miss(element: str, sentence: str) -> None:
        found.append(MissingOut(element=element, sentence=sentence))

    if not facts.is_ordered:
        miss("discharge_order", "A doctor has to order the discharge.")
    if not facts.coded_final_diagnoses:
        miss("final_diagnosis", "A doctor has to code the final diagnosis.")
    for element, sentence in _of_summary(facts.summary):
        miss(element, sentence)
    undecided = sum(order.decision is None for order in facts.orders)
    if undecided:
        miss("medications", f"{_count(undecided, 'order')} to be stopped or continued by a doctor.")
    if facts.critical:
        miss("critical_results", f"{_count(len(facts.critical), 'critical result')} nobody took note of.")
    ownerless = sum(test.owner is None for test in facts.pending)
    if ownerless:
        miss("pending_results", f"{_count(ownerless, 'pending result')} without anybody who follows it.")
    if facts.open_transfers:
        miss("transfer", "A transfer is asked for. Send the patient there, or withdraw the request.")
    return found


def _of_summary(summary: SummaryOut | None) -> list[tuple[str, str]]:
    if summary is None:
        return [("summary", "A doctor has to write and sign the discharge summary.")]
    lacking = [
        (f"summary.{element}", f"The summary lacks {name}.")
        for element, name in ELEMENTS.items()
        if not getattr(summary, element)
    ]
    lacking += [("summary.information_given", words)] if (words := _of_information(summary)) else []
    if summary.signed_at is None:
        lacking.append(("summary.signature", "A doctor has to sign the summary."))
    return lacking


def _of_information(summary: SummaryOut) -> str | None:
    """Against advice the signed refusal stands in place of what patient and family were told."""
    if summary.information_given or (
        summary.disposition == AGAINST_ADVICE and summary.refusal_signed_at is not None
    ):
        return None
    if summary.disposition == AGAINST_ADVICE:
        return "The patient leaves against advice: enter when the refusal was signed."
    return "The summary lacks what patient and family were told."


def _count(number: int, thing: str) -> str:
    return f"1 {thing}" if number == 1 else f"{number} {thing}s"
