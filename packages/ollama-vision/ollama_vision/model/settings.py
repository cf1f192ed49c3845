"""The settings of one model on one server, and how its calls see them: fields that no call changes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from ollama_vision import http as _http  # most of it is opened by the first question
from ollama_vision.http import AsyncIO, BlockingIO, Connections, default_base_url, parse_address
from ollama_vision.pictures import ImageOptions
from ollama_vision.server import CapabilityCache

from .required_sight import RequiredSight

if TYPE_CHECKING:
    from ollama_vision.http import Target


class ModelSettings(BaseModel):
    """What every call of an object goes by. Making one asks no server; the object pickles and works on any loop."""

    base_url: str = Field(default_factory=default_base_url, description="Where the server is.")
    model: str = Field(description="The model's name on that server.", min_length=1)
    temperature: float | None = Field(
        default=0.75, ge=0.0, description="Sampling temperature; None leaves it to the model's own."
    )
    context_window: int = Field(  # LlamaIndex's own default, also without it
        default=3900, gt=0, description="Context in tokens; sent as the option num_ctx."
    )
    request_timeout: float | None = Field(
        default=600.0, gt=0, description="Seconds of silence that are borne; None for any. Not the total time."
    )
    deadline: float | None = Field(default=None, gt=0, description="Seconds that a whole call may take.")
    additional_kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description="Further Ollama options; they win over temperature and context_window.",
    )
    options_unchecked: dict[str, Any] = Field(
        default_factory=dict, description="Ollama options that this program does not know yet; sent as they are."
    )
    keep_alive: float | str | None = Field(default=None, description='How long the model stays loaded: 300, "5m", -1.')
    thinking: bool | str | None = Field(default=None, description='Whether the model thinks: True, False, "low" ...')
    headers: dict[str, str] = Field(
        default_factory=dict, exclude=True, repr=False, description="Sent with each request; never shown or dumped."
    )
    json_mode: bool = Field(default=False, description="Each answer is a JSON object.")
    max_retries: int = Field(default=2, ge=0, description="Further tries when nothing had come: see errors.")
    max_validation_retries: int = Field(
        default=1, ge=0, description="Further questions when a structured answer breaks its schema."
    )
    check_capabilities: bool = Field(default=True, description="Ask the server once what the model can do.")
    require_sight: bool = Field(
        default=False, description="Prove before the first picture that the model sees: see `prove_sight`."
    )
    image_options: ImageOptions = Field(default_factory=ImageOptions, description="How pictures are prepared.")
    verify: bool | str = Field(default=True, description="Check TLS certificates; or the path of a CA file.")
    cert: str | tuple[str, str] | None = Field(
        default=None, description="A client certificate (mTLS): a PEM file with its key, or a file for each."
    )

    _connections: Connections = PrivateAttr(default_factory=Connections)
    _known: CapabilityCache = PrivateAttr(default_factory=CapabilityCache)
    _sight: RequiredSight = PrivateAttr(default_factory=RequiredSight)
    _way: tuple[Any, Target] | None = PrivateAttr(default=None)
    """What the target was last made of, and the target."""

    model_config = ConfigDict(hide_input_in_errors=True, defer_build=True)  # which may hold a key

    @property
    def _target(self) -> Target:
        """Made anew where what it depends on is another than last time: few calls of an object differ in it."""
        given = (self.base_url, [*self.headers.items()], self.verify, self.cert, os.environ.get(_http.API_KEY))
        if self._way is None or self._way[0] != given:
            address = parse_address(self.base_url)
            headers = tuple(sorted(_http.request_headers(address, self.headers).items()))
            self._way = given, _http.Target(address, headers, self.verify, self.cert)
        target = self._way[1]
        return target if target.address.is_loopback else target.by_proxy()

    @property
    def _blocking(self) -> BlockingIO:
        return BlockingIO(self._connections)

    @property
    def _on_loop(self) -> AsyncIO:
        return AsyncIO(self._connections)
