"""The shapes of `auth:` of `read: {rest: …}`: how a service knows who asks.

Belongs here: one class per kind. Does not belong here: asking for tokens (`sources.rest`).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, SecretStr, Tag, model_validator

from crm_pipeline.settings.base import Frozen, Name, Text
from crm_pipeline.settings.rest_paging import of_known_type, tag_of
from crm_pipeline.settings.rest_text import HiddenBody, HiddenTemplate, HiddenText, JsonPath

HttpUrl = Annotated[str, Field(pattern=r"^https?://[^/@\s?#]+(/[^\s?#]*)?$", strict=True)]


class ApiKey(Frozen):
    """A key in a header or a query parameter."""

    kind: ClassVar[str] = "api_key"
    type: Literal["api_key"]
    key: SecretStr
    name: Text = Field("Authorization", description="of the header or the parameter")
    place: Literal["header", "query"] = "header"


class Bearer(Frozen):
    """A token in the header Authorization (RFC 6750)."""

    kind: ClassVar[str] = "bearer"
    type: Literal["bearer"]
    token: SecretStr


class Basic(Frozen):
    """A user and a password (RFC 7617)."""

    kind: ClassVar[str] = "basic"
    type: Literal["basic"]
    username: Text
    password: SecretStr


class ClientCredentials(Frozen):
    """A token for a client and its secret (RFC 6749, section 4.4), renewed when it expires."""

    kind: ClassVar[str] = "oauth2_client_credentials"
    type: Literal["oauth2_client_credentials"]
    token_url: HttpUrl
    client_id: SecretStr
    client_secret: SecretStr
    scope: Text | None = None
    sent_as: Literal["form", "basic"] = Field("form", description="where client and secret stand in the request")
    form: dict[Text, HiddenText] = Field(default_factory=dict, description="what else the request for a token needs")


class Login(Frozen):
    """A request whose answer gives values, such as a token, for placeholders in headers, params and body."""

    kind: ClassVar[str] = "login"
    type: Literal["login"]
    url: HttpUrl
    method: Literal["GET", "POST"] = "POST"
    params: dict[Text, HiddenTemplate] = Field(default_factory=dict)
    headers: dict[Text, HiddenTemplate] = Field(default_factory=dict)
    body: HiddenBody | None = Field(None, description="sent as JSON")
    form: dict[Text, HiddenText] | None = Field(None, description="sent as a form instead")
    values: dict[Name, JsonPath] = Field(
        min_length=1, description="placeholder to the path of what it stands for in the answer"
    )

    @model_validator(mode="after")
    def _fits(self) -> Login:
        if self.body is not None and self.form is not None:
            raise ValueError("expected one of body and form")
        if self.method == "GET" and (self.body is not None or self.form is not None):
            raise ValueError("expected body and form with method: POST only")
        return self


AUTHS: dict[str, type[Frozen]] = {kind.kind: kind for kind in (ApiKey, Bearer, Basic, ClientCredentials, Login)}


def _known(value: Any) -> Any:
    return of_known_type(value, AUTHS)


Auth = Annotated[
    Annotated[ApiKey, Tag("[api_key]")]
    | Annotated[Bearer, Tag("[bearer]")]
    | Annotated[Basic, Tag("[basic]")]
    | Annotated[ClientCredentials, Tag("[oauth2_client_credentials]")]
    | Annotated[Login, Tag("[login]")],
    Discriminator(tag_of),
    BeforeValidator(_known),
]
