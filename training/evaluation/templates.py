"""Copies of the text model with other chat templates: what servers do that do not render ours."""

from __future__ import annotations

from pathlib import Path

from training.evaluation.cases import NO_REGISTERS, TEXT_FIRST, TEXT_FIRST_NO_REGISTERS

_REGISTERS = "<|endoftext|><|endoftext|>"
_TURN = """\
{%- for message in messages -%}
{%- set pieces = (message.content or '').split('<__media') -%}
{%- set ns = namespace(pictures='', text=pieces[0]) -%}
{%- for piece in pieces[1:] -%}
{%- set ns.pictures = ns.pictures + '<__media' + piece.split('__>')[0] + '__>REGISTERS' -%}
{%- set ns.text = ns.text + piece.split('__>')[1] -%}
{%- endfor -%}
{{- '<|im_start|>' + message.role + '\\n' + FIRST + SECOND + '<|im_end|>\\n' -}}
{%- endfor -%}
{{- '<|im_start|>assistant\\n' if add_generation_prompt else '' -}}
"""


def _chat_ml(*, registers: bool, pictures_first: bool) -> str:
    """ChatML, as a plain template writes it; llama.cpp's markers alone stand for pictures."""
    places = ("ns.pictures", "ns.text") if pictures_first else ("ns.text", "ns.pictures")
    template = _TURN.replace("REGISTERS", _REGISTERS if registers else "")
    return template.replace("FIRST", places[0]).replace("SECOND", places[1])


TEMPLATES = {
    NO_REGISTERS: _chat_ml(registers=False, pictures_first=True),
    TEXT_FIRST: _chat_ml(registers=True, pictures_first=False),
    TEXT_FIRST_NO_REGISTERS: _chat_ml(registers=False, pictures_first=False),
}


def with_template(model: Path, template: str, copy: Path) -> Path:
    """Write a copy of a GGUF file, another chat template in it; the weights are the same bytes."""
    from gguf import GGUFReader, GGUFValueType, GGUFWriter, Keys

    reader = GGUFReader(model)
    architecture = reader.fields[Keys.General.ARCHITECTURE].contents()
    writer = GGUFWriter(copy, arch=architecture)
    writer.add_chat_template(template)
    for name, entry in reader.fields.items():
        # The file's own counts, and what the writer has written already.
        if name.startswith("GGUF.") or name in (Keys.General.ARCHITECTURE, Keys.Tokenizer.CHAT_TEMPLATE):
            continue
        inner = entry.types[-1] if entry.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, entry.contents(), entry.types[0], sub_type=inner)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return copy
