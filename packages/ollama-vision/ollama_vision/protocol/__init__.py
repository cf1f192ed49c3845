"""Ollama's JSON protocol, sans-I/O: requests, reply lines, error bodies, options, schemas, tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ollama_vision.lazy import lazy_names

if TYPE_CHECKING:
    from .embeddings import embed_body, vectors_in
    from .error_context import ErrorContext
    from .failures import error_for_reply, server_message
    from .gateways import not_ollama
    from .json_answers import Expected, Form, ObjectOf, Said, begun, json_in, unfit
    from .options import (
        IGNORED_OPTION_NAMES,
        OPTION_NAMES,
        Options,
        check_options,
        check_values,
        names,
        near_name,
        option_defaults,
        request_options,
    )
    from .reply import Accumulator
    from .request import Endpoint, Request, Turn, chat_request, generate_request, json_request, wire_messages
    from .schema import fields_of_few_values, json_schema, value_at
    from .schema_class import class_for_schema
    from .tool_call_forms import name_of_call, wire_calls
    from .tools import Rules, is_required, select_tools
    from .ways_out import MORE_ROOM, lacks, without

__all__ = [
    "IGNORED_OPTION_NAMES",
    "MORE_ROOM",
    "OPTION_NAMES",
    "Accumulator",
    "Endpoint",
    "ErrorContext",
    "Expected",
    "Form",
    "ObjectOf",
    "Options",
    "Request",
    "Rules",
    "Said",
    "Turn",
    "begun",
    "chat_request",
    "check_options",
    "check_values",
    "class_for_schema",
    "embed_body",
    "error_for_reply",
    "fields_of_few_values",
    "generate_request",
    "is_required",
    "json_in",
    "json_request",
    "json_schema",
    "lacks",
    "name_of_call",
    "names",
    "near_name",
    "not_ollama",
    "option_defaults",
    "request_options",
    "select_tools",
    "server_message",
    "unfit",
    "value_at",
    "vectors_in",
    "wire_calls",
    "wire_messages",
    "without",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Accumulator": ".reply",
        "Endpoint": ".request",
        "ErrorContext": ".error_context",
        "Expected": ".json_answers",
        "Form": ".json_answers",
        "IGNORED_OPTION_NAMES": ".options",
        "MORE_ROOM": ".ways_out",
        "OPTION_NAMES": ".options",
        "ObjectOf": ".json_answers",
        "Options": ".options",
        "Request": ".request",
        "Rules": ".tools",
        "Said": ".json_answers",
        "Turn": ".request",
        "begun": ".json_answers",
        "chat_request": ".request",
        "check_options": ".options",
        "check_values": ".options",
        "class_for_schema": ".schema_class",
        "embed_body": ".embeddings",
        "error_for_reply": ".failures",
        "fields_of_few_values": ".schema",
        "generate_request": ".request",
        "is_required": ".tools",
        "json_in": ".json_answers",
        "json_request": ".request",
        "json_schema": ".schema",
        "lacks": ".ways_out",
        "name_of_call": ".tool_call_forms",
        "names": ".options",
        "near_name": ".options",
        "not_ollama": ".gateways",
        "option_defaults": ".options",
        "request_options": ".options",
        "select_tools": ".tools",
        "server_message": ".failures",
        "unfit": ".json_answers",
        "value_at": ".schema",
        "vectors_in": ".embeddings",
        "wire_calls": ".tool_call_forms",
        "wire_messages": ".request",
        "without": ".ways_out",
    },
)
