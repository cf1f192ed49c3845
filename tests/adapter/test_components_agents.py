"""LlamaIndex's agents and programs over tools, with replies that a test sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from llama_index.core.agent.react.formatter import ReActChatFormatter
from llama_index.core.agent.react.output_parser import ReActOutputParser
from llama_index.core.agent.workflow import AgentStream, AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock
from llama_index.core.memory import Memory
from llama_index.core.program import FunctionCallingProgram, LLMTextCompletionProgram
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, ValidationError

from ollama_embedded import Reply, ToolCall, draw_scene
from ollama_vision.errors import CapabilityError
from tests.support.serving import ALL, Serve, Serving
from tests.support.structured_asks import four, predict

NO_TOOLS = ("completion", "vision")


class Thing(BaseModel):
    """One thing in a picture."""

    colour: Literal["red", "green", "blue"]
    shape: str


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    draw_scene("blue square").save(tmp_path / "frame.png")
    return tmp_path / "frame.png"


@pytest.fixture
def camera(frame: Path) -> FunctionTool:
    """A tool that returns a picture."""

    def look(place: str) -> list[Any]:
        """Look at a place through the camera."""
        return [TextBlock(text=f"This is the {place}."), ImageBlock(path=frame)]

    return FunctionTool.from_defaults(look)


def looks_twice(request: Any) -> Reply:
    """A model that looks at two places at once, and then says what it was shown."""
    shown = [message for message in request.messages if message.role == "tool"]
    if not shown:
        return Reply(tool_calls=[ToolCall("look", {"place": place}) for place in ("hall", "yard")], thinking="Hm.")
    return Reply(f"I saw {sum(len(message.images) for message in shown)} pictures.", thinking="Aha.")


def check_that_pictures_came_back(serving: Serving) -> None:
    assistant, *results = serving.bodies[-1]["messages"][-3:]
    assert [call["function"]["arguments"]["place"] for call in assistant["tool_calls"]] == ["hall", "yard"]
    assert assistant["thinking"] == "Hm."
    # Core runs both calls at once, in threads: their results come in any order, each with its call's id.
    came = {result["tool_call_id"]: result for result in results}
    assert len(came) == len(results) == 2
    for call, place in zip(assistant["tool_calls"], ("hall", "yard"), strict=True):
        result = came[call["id"]]
        assert (result["role"], result["tool_name"], len(result["images"])) == ("tool", "look", 1)
        assert result["content"] == f"This is the {place}."


@pytest.mark.parametrize("streaming", [True, False])
async def test_function_agent(serve: Serve, camera: FunctionTool, streaming: bool) -> None:
    serving = serve(looks_twice)
    agent = FunctionAgent(tools=[camera], llm=serving.llm, system_prompt="Look well.", streaming=streaming)
    handler = agent.run("What is going on?")
    deltas, thoughts = "", ""
    async for event in handler.stream_events():
        if isinstance(event, AgentStream):
            deltas += event.delta
            thoughts += event.thinking_delta or ""
    result: Any = await handler
    assert str(result) == "I saw 2 pictures."
    assert sorted(call.tool_kwargs["place"] for call in result.tool_calls) == ["hall", "yard"]
    check_that_pictures_came_back(serving)
    if streaming:
        assert (deltas, thoughts) == ("I saw 2 pictures.", "Hm.Aha.")


async def test_function_agent_twice_with_memory(serve: Serve, camera: FunctionTool, frame: Path) -> None:
    serving = serve(looks_twice)
    agent = FunctionAgent(tools=[camera], llm=serving.llm)
    memory = Memory.from_defaults(session_id="agent", token_limit=40_000)
    question = ChatMessage(role="user", blocks=[TextBlock(text="What is this?"), ImageBlock(path=frame)])
    await agent.run(question, memory=memory)
    await agent.run("And now?", memory=memory)
    roles = [message["role"] for message in serving.bodies[-1]["messages"]]
    assert roles == ["user", "assistant", "tool", "tool", "assistant", "user"]
    assert len(serving.asked[-1].pictures) == 3


async def test_agent_workflow(serve: Serve, camera: FunctionTool) -> None:
    serving = serve(looks_twice)
    watcher = FunctionAgent(name="watcher", description="Watches.", tools=[camera], llm=serving.llm)
    other = FunctionAgent(name="other", description="Rests.", tools=[], llm=serving.llm)
    result = await AgentWorkflow(agents=[watcher, other], root_agent="watcher").run("What is going on?")
    assert str(result) == "I saw 2 pictures."
    check_that_pictures_came_back(serving)
    assert {tool["function"]["name"] for tool in serving.bodies[0]["tools"]} == {"look", "handoff"}


async def test_agent_workflow_hands_off(serve: Serve, camera: FunctionTool) -> None:
    def replies(request: Any) -> Reply:
        names = {tool["function"]["name"] for tool in request.tools}
        if "look" in names:
            return looks_twice(request)
        return Reply(tool_calls=[ToolCall("handoff", {"to_agent": "watcher", "reason": "eyes needed"})])

    serving = serve(replies)
    watcher = FunctionAgent(name="watcher", description="Watches.", tools=[camera], llm=serving.llm)
    root = FunctionAgent(name="root", description="Decides.", tools=[], llm=serving.llm, can_handoff_to=["watcher"])
    result = await AgentWorkflow(agents=[root, watcher], root_agent="root").run("What is going on?")
    # The handoff's result is a tool message already, so the watcher answers at once.
    assert str(result).startswith("I saw ")


async def test_an_agent_with_an_output_class(serve: Serve, camera: FunctionTool) -> None:
    def replies(request: Any) -> Reply:
        return Reply('{"colour": "blue", "shape": "square"}') if request.format else looks_twice(request)

    serving = serve(replies)
    result: Any = await FunctionAgent(tools=[camera], llm=serving.llm, output_cls=Thing).run("What is going on?")
    assert result.structured_response == {"colour": "blue", "shape": "square"}
    # Core writes the conversation as text for the last question, without its pictures.
    assert serving.asked[-1].pictures == ()


REACT = [
    'Thought: I must look.\nAction: look\nAction Input: {"place": "hall"}',
    "Thought: I can answer without using any more tools.\nAnswer: A blue square.",
]


@pytest.mark.parametrize("capabilities", [ALL, NO_TOOLS])
async def test_react_agent(serve: Serve, camera: FunctionTool, frame: Path, capabilities: Any) -> None:
    serving = serve(*REACT, capabilities=capabilities, is_function_calling_model=capabilities is ALL)
    agent = ReActAgent(tools=[camera], llm=serving.llm)
    question = ChatMessage(role="user", blocks=[TextBlock(text="What is this?"), ImageBlock(path=frame)])
    result = await agent.run(question)
    assert str(result) == "A blue square."
    assert all("tools" not in body for body in serving.bodies)
    assert [len(request.pictures) for request in serving.asked] == [1, 1]


async def test_react_agent_in_core_does_not_show_a_tools_picture(serve: Serve, camera: FunctionTool) -> None:
    # Core's ReAct writes what a tool gave as text: the picture that a tool returns never reaches the model.
    serving = serve(*REACT)
    await ReActAgent(tools=[camera], llm=serving.llm).run("What is going on?")
    assert [len(request.pictures) for request in serving.asked] == [0, 0]
    assert "This is the hall." in serving.bodies[-1]["messages"][-1]["content"]


async def test_an_agent_over_a_model_without_tools_says_the_way_out(serve: Serve, camera: FunctionTool) -> None:
    serving = serve("Hm.", capabilities=NO_TOOLS)
    with pytest.raises(CapabilityError, match="is_function_calling_model=False"):
        await FunctionAgent(tools=[camera], llm=serving.llm).run("What is going on?")


async def test_agent_workflow_picks_the_agent_that_fits_the_model(serve: Serve, camera: FunctionTool) -> None:
    serving = serve(*REACT, capabilities=NO_TOOLS, is_function_calling_model=False)
    workflow = AgentWorkflow.from_tools_or_functions([camera], llm=serving.llm)
    assert str(await workflow.run("What is going on?")) == "A blue square."


# Programs and calls


def calls_thing(**arguments: str) -> Reply:
    return Reply(tool_calls=[ToolCall("Thing", arguments)])


BLUE = {"colour": "blue", "shape": "square"}


def program(serving: Serving, **kwargs: Any) -> FunctionCallingProgram[Thing]:
    return FunctionCallingProgram.from_defaults(
        output_cls=Thing, prompt_template_str="What is {it}?", llm=serving.llm, **kwargs
    )


async def test_function_calling_program(serve: Serve) -> None:
    serving = serve(calls_thing(**BLUE))
    for found in (program(serving)(it="this"), await program(serving).acall(it="this")):
        assert found == Thing(colour="blue", shape="square")
    assert serving.bodies[0]["tools"][0]["function"]["parameters"]["properties"]["colour"]["enum"] == [
        "red",
        "green",
        "blue",
    ]


async def test_function_calling_program_streams(serve: Serve) -> None:
    serving = serve(calls_thing(**BLUE))
    assert list(program(serving).stream_call(it="this"))[-1] == Thing(colour="blue", shape="square")
    stream = await program(serving).astream_call(it="this")
    assert [found async for found in stream][-1] == Thing(colour="blue", shape="square")


def test_function_calling_program_with_many_calls(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    many = Reply(tool_calls=[ToolCall("Thing", {"colour": colour, "shape": "star"}) for colour in ("red", "green")])
    # Where parallel calls are not allowed, core makes an error of the second: "Invalid".
    assert program(serve(many))(it="this") == Thing(colour="red", shape="star")
    assert "parallel" in caplog.text
    found: Any = program(serve(many), allow_parallel_tool_calls=True)(it="this")
    assert [thing.colour for thing in found] == ["red", "green"]


def test_function_calling_program_without_a_call(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"called no tool; it said: 'A blue square.'"):
        program(serve("A blue square."))(it="this")


def test_text_programs_of_a_model_without_tools(serve: Serve) -> None:
    serving = serve(json.dumps(BLUE), capabilities=NO_TOOLS, is_function_calling_model=False)
    with pytest.raises(ValueError, match="does not support function calling"):
        program(serving)
    text = LLMTextCompletionProgram.from_defaults(
        output_cls=Thing, prompt_template_str="What is {it}?", llm=serving.llm
    )
    assert text(it="this") == Thing(colour="blue", shape="square")


@four
def test_structured_predict_of_a_model_without_tools(serve: Serve, endpoint: str) -> None:
    serving = serve(json.dumps(BLUE), capabilities=NO_TOOLS, is_function_calling_model=False)
    found = predict(serving.llm, endpoint, Thing, PromptTemplate("What is {it}?"), it="this")
    assert found[-1] == Thing(colour="blue", shape="square")


async def test_predict_and_call(serve: Serve, camera: FunctionTool) -> None:
    serving = serve(Reply(tool_calls=[ToolCall("look", {"place": "hall"})]))
    for found in (
        serving.llm.predict_and_call([camera], "Look."),
        await serving.llm.apredict_and_call([camera], "Look."),
    ):
        assert found.response == "This is the hall."
        (source,) = found.sources
        assert [type(block) for block in source.blocks] == [TextBlock, ImageBlock]


async def test_predict_and_call_of_parallel_calls(serve: Serve, camera: FunctionTool) -> None:
    serving = serve(Reply(tool_calls=[ToolCall("look", {"place": place}) for place in ("hall", "yard")]))
    found = await serving.llm.apredict_and_call([camera], "Look.", allow_parallel_tool_calls=True)
    assert len(found.sources) == 2


def test_predict_and_call_of_a_model_without_tools(serve: Serve, camera: FunctionTool) -> None:
    serving = serve(REACT[0], capabilities=NO_TOOLS, is_function_calling_model=False)
    # Core hands None to its own agent where nothing is given, and that refuses it.
    with pytest.raises(ValidationError, match="formatter"):
        serving.llm.predict_and_call([camera], "Look.")
    ways: dict[str, Any] = {"react_chat_formatter": ReActChatFormatter(), "output_parser": ReActOutputParser()}
    assert serving.llm.predict_and_call([camera], "Look.", **ways).response == "This is the hall."
    assert "tools" not in serving.bodies[0]
