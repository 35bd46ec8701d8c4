"""What `life_cycle:` says: which customers go to the archive, and whose contact values nobody gets.

Belongs here: its keys, types, defaults and rules. Does not belong here: what they do to tables (`golden`).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from crm_pipeline.settings.base import Frozen, Name, Text, no_yes_or_no

_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
_NO_CONSENT = (
    "no", "n", "false", "0", "refused", "denied", "withdrawn", "revoked", "opt-out", "opted out", "unsubscribed",
    "do not contact", "否", "无", "不同意", "未同意", "拒绝", "撤回", "已撤回", "撤销", "已撤销", "退订", "已退订",
)  # fmt: skip


class ArchiveRule(Frozen):
    """Which customers leave `customers` for `customers_archive`; they are back when it no longer applies."""

    when: Text | None = Field(None, description="an SQL expression over the columns of customers that is true for them")
    inactive_months: int | None = Field(
        None, ge=1, le=600, description="months without any activity; see last_active_on of customer_activity"
    )
    applies: Literal["nightly", "monthly", "quarterly", "yearly"] = Field(
        "nightly", description="from which days on: each one, or the first of a month, a quarter or a year"
    )

    _is_number = field_validator("inactive_months", mode="before")(no_yes_or_no)

    @model_validator(mode="after")
    def _says_something(self) -> ArchiveRule:
        if self.when is None and self.inactive_months is None:
            raise ValueError("expected when, inactive_months or both")
        return self

    def applied_on(self, today: date) -> date:
        """The latest day of its calendar up to a business date."""
        if self.applies == "nightly":
            return today
        months = _MONTHS[self.applies]
        return date(today.year, (today.month - 1) // months * months + 1, 1)


class LifeCycle(Frozen):
    """What becomes of customers over time."""

    archive: dict[Name, ArchiveRule] = Field(
        default_factory=dict, description="name of the reason to rule; the first that applies counts"
    )
    no_consent: tuple[Text, ...] = Field(
        _NO_CONSENT,
        description="values of consent, capitals and blanks around apart, that say that nobody may contact the "
        "customer: phones and e-mails are withheld from what is published",
    )
