"""The wordings that ask for JSON or for a tool; wordings.py tells their grammar."""

from collections.abc import Mapping

BLOCKS: Mapping[str, str] = {
    "json_list": """
[List|Give|Name|Describe|Report|Return|Show|Output|Print|Write] the [shapes|objects|things|figures] as JSON[.| only.|\
, please.| in the {image}.]
[List|Give|Describe|Report|Return|Output|Write] [the|all|all the] [shapes|objects|things|figures] in JSON[.| format.| \
form.| only.| notation.]
[List|Describe|Report|Return] the [shapes|objects|things] [in|of] [the|this] {image} [as JSON|in JSON|in JSON format|\
as a JSON object].
[Describe|Summarize|Give|Show|Encode|Transcribe] [the|this] {image} [as JSON|in JSON|in JSON format|in the form of \
JSON|as a JSON object].
Describe [it|what you see|everything|the shapes] [as JSON|in JSON|in JSON format|using JSON].
Convert [the|this] {image} [to|into] JSON.
[Answer|Reply|Respond] [in|with|only with] JSON[:|.] [what do you see?|which shapes are there?|what is in the \
{image}?|what shapes does it show?]
[Which|What] [shapes|objects|things] [are there|are in the {image}|do you see]? [Answer|Reply|Respond] [in|as|with|\
only in] JSON.
What [is in the {image}|do you see|is shown|does the {image} show]? [Answer|Reply|Respond|Output] [in|as|with|only in]\
 JSON.
JSON [of|with|for|listing] [the|all the] [shapes|objects|things|figures][.|, please.| in the {image}.]
[JSON|The shapes as JSON|Shapes in JSON][.|, please.] / Shapes [as|in] JSON[.|, please.|?]
[The|All] [shapes|objects|figures] [as|in] JSON[.|, please.| in the {image}.] / [Image|Picture] [to|as] JSON.
[Give|Send|Return|Write|Hand] me [the|a] JSON [of|with|for] [the|all] [shapes|objects|things][.| in the {image}.| \
that you see.]
[Return|Give|Produce|Create|Make|Generate|Write] [a|one] JSON [object|document] [with|of|that lists|listing] the [\
shapes|objects|things|figures].
[Return|Give|Produce|Output|Write] a JSON list of [the|all] [shapes|objects|things|figures][.| in the {image}.| you \
see.]
[Can|Could|Would] you [list|give|describe|return] the [shapes|objects|things] [as|in] JSON[?| for me?| format?]
[Can|Could|Would] you [describe|summarize|write|put] [the|this] {image} [as|in|into] JSON[?| for me?| format?]
[I would like|I want|I need|I'd like] [the|all] [shapes|objects|things|figures] [as|in] JSON[.| format.]
[I would like|I want|I need|I'd like] [a|the] JSON [description|list|representation] of [the|this|the shapes in the] \
{image}.
[Look at|Take] [the|this] {image} and [list the shapes as JSON|return the shapes in JSON|describe it in JSON|answer \
in JSON].
[Extract|Detect|Find|Identify|Read] [the|all|all the] [shapes|objects|things] [and return JSON|as JSON|into JSON|and \
answer in JSON].
[Output|Return|Print] [only |nothing but |just |valid ][JSON|the JSON] [for the shapes|with the shapes|of the shapes|\
that describes the {image}].
[Return|Give|Write] [the shapes|the objects|what you see|the contents of the {image}] as [structured data in|\
machine-readable|valid|plain|compact] JSON.
[For each|For every] [shape|object|thing] give [its color and shape|the color and the shape] [as|in] JSON.
What are the shapes, as JSON? / [How would|How does] [the|this] {image} look [as|in] JSON?
[Use|Speak] JSON to [list the shapes|describe the {image}|tell me what you see].
""",
    "json_keys": """
[List|Give|Return|Report|Describe|Output|Show] the [shapes|objects|things] as JSON with [|the keys |keys |the fields |\
the properties ]{keys}.
[List|Give|Return|Report|Describe|Output] [all|the|all the] [shapes|objects|things|figures] in JSON with [|the keys |\
keys |the fields ]{keys}.
[List|Describe|Report|Return] the shapes [in|of] [the|this] {image} as JSON with [|the keys |keys |fields |the fields \
]{keys}.
[Return|Give|Write|Produce|Output|Reply with|Answer with] JSON with [|the keys |keys |fields |the fields ]{keys} for [\
each|every] [shape|object|thing].
[Return|Give|Write|Produce|Output] [a|one] JSON [object|list] with {keys} [of each|of every|for each|for every] [\
shape|object|thing|figure].
[Describe|Summarize|Give|Show] [the|this] {image} [as|in] JSON with [|the keys |keys |the fields ]{keys}[.| for each \
shape.| of each object.]
[For each|For every] [shape|object|thing|figure][ in the {image}|][,|] [give|return|report|output|list|write] {keys} [\
as|in] JSON.
[For each|For every] [shape|object|thing|figure], JSON with [|the keys |keys |fields ]{keys}[.|, please.]
JSON with [|the keys |keys |fields |the fields ]{keys}[.|, please.| for each shape.| of all shapes.| of the shapes.| \
for the {image}.]
[Give|Return|Tell|Report|Output|List|State] [|me ][the |]{keys} of [each|every] [shape|object|thing|figure] [as|in] \
JSON[.| format.]
[Give|Return|Report|Output|List|State] {keys} of [the|all the|all] [shapes|objects|things|figures] [as|in] JSON[.| \
format.]
What are {keys} of [the|all] [shapes|objects|things]? [Answer|Reply|Respond] [in|as|with] JSON.
JSON, keys[:|] {keys}[.|, for each shape.]
[Which|What] [shapes|objects] [are there|do you see|are in the {image}]? [Answer|Reply] [in|as] JSON with [|the keys |\
keys ]{keys}.
[What is in the {image}|What do you see]? [Answer|Reply|Respond] [in|as] JSON with [|the keys |keys |the fields ]\
{keys}.
[Answer|Reply|Respond] [in|with] JSON[,|:] [with|giving|listing] {keys} [of|for] [each|every] [shape|object|thing].
[Can|Could|Would] you [list|return|give|describe] the [shapes|objects] as JSON with [|the keys |keys |the fields ]\
{keys}?
[I would like|I want|I need|I'd like] JSON with [|the keys |keys |the fields ]{keys} for [each|every] [shape|object|\
thing].
[I would like|I want|I need] {keys} of [each|every] [shape|object|thing|figure] [as|in] JSON.
[Look at|Take] [the|this] {image} and [return|give|write] JSON with [|the keys |keys ]{keys} for [each|every] [shape|\
object].
[Extract|Detect|Find|Read] {keys} [of|for] [each|every] [shape|object|thing] [as JSON|and return JSON|in JSON|and \
answer in JSON].
The shapes as JSON with {keys}[.|, please.] / [Shapes|All shapes|All objects] in JSON[:|,] {keys}.
JSON list of the shapes with {keys}.
[Use|Take] the keys {keys} [and list the shapes as JSON|and describe the {image} in JSON|for a JSON list of the \
shapes].
List [the shapes|the objects|all shapes] as JSON. [Keys|Fields|The keys|The fields|Use the keys|Use these keys]: \
{keys}.
[Every|Each] [shape|object] [should|must] have [|the keys |the fields ]{keys}[. Return JSON.| in the JSON.|; list the \
shapes as JSON.]
""",
    "json_array": """
[Reply|Answer|Respond] with a JSON array of the [shapes|objects|things|figures][.| in the {image}.|, please.]
[Reply|Answer|Respond] [only |just |]with a JSON array of [all|all the|the] [shapes|objects|things|figures][.| you \
see.]
[Return|Give|Give me|Write|Output|Produce|Print|Make|Create] a JSON array of [the|all|all the] [shapes|objects|things|\
figures].
[Return|Give|Give me|Write|Output|Produce] a JSON array [with|that lists|listing|containing] [the|all the] [shapes|\
objects|things|figures].
[Return|Give|List|Report|Describe|Show|Output|Put] the [shapes|objects|things|figures] [as|in] a JSON array[.| only.| \
in the {image}.]
[Return|Give|List|Report|Describe|Show|Output] [all|all the] [shapes|objects|things] [as|in] [a JSON array|an array \
of JSON objects|one JSON array].
[List|Describe|Return] the [shapes|objects] [in|of] [the|this] {image} [as|in] [a JSON array|an array of JSON objects|\
one JSON array].
[Describe|Summarize|Give|Show|Encode] [the|this] {image} as [a JSON array|an array of JSON objects|one JSON array].
[A|One] JSON array [of|with|listing] [the|all|all the] [shapes|objects|things][.| in the {image}.]
JSON array of [the|all] shapes.
[The|All] [shapes|objects|things|figures] [as|in] [a JSON array|an array of JSON objects]. / Shapes as [a |]JSON \
array.
[Which|What] [shapes|objects|things] [are there|do you see|are in the {image}]? [Answer|Reply|Respond] [as|with] a \
JSON array.
What [is in the {image}|do you see|is shown]? [Answer|Reply|Respond] [as|with] [a JSON array|an array of JSON objects]\
.
[Can|Could|Would] you [return|give|list|write|describe] the [shapes|objects|things] [as|in] a JSON array[?| for me?]
[I would like|I want|I need|I'd like] a JSON array [of|with|listing] [the|all|all the] [shapes|objects|things].
[Look at|Take] [the|this] {image} and [return|give|write|reply with] a JSON array of [the|all] [shapes|objects].
[Extract|Detect|Find|Identify] the [shapes|objects|things] [into a JSON array|and return a JSON array|as a JSON array]\
.
[Return|Output|Give] an array of JSON objects[,| with] one [per|for each|for every] [shape|object|thing].
[Return|Output|Give|Write] a JSON array with one [object|element|entry|item] [per|for each|for every] [shape|thing|\
figure].
[Return|Output|Give] [only|just|nothing but] a JSON array of the [shapes|objects].
[Output|Format|Result]: a JSON array of the shapes.
""",
    "json_count": """
How many [shapes|objects|things|figures|items] [are there|do you see|can you count|are shown]? [Answer|Reply|Respond] \
[as|in|with] JSON.
How many [shapes|objects|things] are in [the|this] {image}? [Answer|Reply|Respond|Return it] [as|in|with] JSON.
How many shapes? [Answer|Reply|Respond|Return|Output|Only] [as|in] JSON.
How many shapes[,| are there,| do you see,] [as|in] JSON?
[Count|Count up] [the|all|all the] [shapes|objects|things|figures|items] [as|in] JSON[.|, please.| format.]
[Count|Count up] [the|all|all the] [shapes|objects|things|figures] and [answer|reply|respond|return the result] [as|\
in|with] JSON.
[Count|Count up] the [shapes|objects|things] [in|of] [the|this] {image}[.|;|:] [Answer|Reply|Respond] [as|in|with] \
JSON.
[Give|Give me|Return|Report|State|Output|Tell me|Write] the [number|count|total number] of [shapes|objects|things|\
figures] [as|in] JSON.
[Give|Return|Output|Reply with|Answer with|Write] JSON with the [number|count|total number] of [shapes|objects|things|\
figures].
[Give|Return|Output|Reply with|Answer with] a JSON object with the [number|count] of [shapes|objects|things].
[Number|Count|Total number|The number|The count] of [shapes|objects|things|figures] [as|in] JSON[.|, please.|?]
[Shape|Object] count [as|in] JSON[.|, please.|?]
JSON[:|,] [how many shapes are there?|how many shapes?|number of shapes.|shape count.]
What is the [number|count] of [shapes|objects|things]? [Answer|Reply|Respond] [as|in|with] JSON.
[Answer|Reply|Respond] [in|with|only with|only in] JSON[:|,] how many [shapes|objects|things] are [there|in the \
{image}]?
[Can|Could|Would] you count the [shapes|objects|things] [as JSON|in JSON|and answer in JSON|and return JSON]?
[I would like|I want|I need|I'd like] the [number|count] of [shapes|objects|things|figures] [as|in] JSON.
[Look at|Take] [the|this] {image} and [give the number of shapes in JSON|return the shape count as JSON|count the \
shapes as JSON].
How many [shapes|objects|things|figures] are there? [Answer|Reply|Respond] [as|in|with] JSON with the key {key}.
[Count|Count up] the [shapes|objects|things] and [return|give|reply with] JSON with the key {key}.
[Return|Give|Output] the [number|count] of [shapes|objects|things] as JSON [with|under|using] the key {key}.
[Return|Give|Reply with|Answer with] JSON with [the key|the field|one key,|a key] {key}[: the number of shapes.| for \
the number of shapes.]
[Give|Return|Output] {key} as JSON[: the number of shapes.|, the number of shapes.| for the shapes in the {image}.]
""",
    "tool_report": """
[Report|Record|Register|Submit|Save|File|Log|Store] the [shapes|objects|things|figures][.| in the {image}.| you see.|\
, please.]
[Report|Record|Register|Submit|Save|Log] [all|all the|every one of the] [shapes|objects|things|figures][.| in the \
{image}.| you see.]
[Report|Record|Submit|Register] [what you see|what is in the {image}|what is shown|everything you see][.| with the \
tool.| using the tool.]
[Report|Record|Register|Submit] the [shapes|objects|things] [with|using|through|by means of] [the|a|your] [tool|\
function][.| in the {image}.]
[Use|Call|Invoke] [the|your] [tool|function] [to report the shapes|to describe the {image}|to list the shapes|to \
report what you see].
[Use|Call|Invoke] [the|your] [tool|function] [with|on|for] the [shapes|objects|things|figures][.| in the {image}.| \
you see.]
[Use|Call|Invoke|Run] {tool}[.| for this {image}.| on the {image}.| for the shapes.| with the shapes.| to report the \
shapes.]
[Use|Call|Invoke|Run] {tool} [to describe the {image}|to report what you see|with what you see|with all shapes|with \
the objects].
[Describe|Summarize] [the|this] {image} [with|using|by calling] [the tool|{tool}|the function|a tool|your tool].
[List|Give|Name] the [shapes|objects|things] [with|using|by calling] [the tool|{tool}|the function|your tool|a tool].
[Report|Record|Submit] the [shapes|objects] [in|of] [the|this] {image} [with|using|through] [{tool}|the tool|the \
function].
[Can|Could|Would] you [report|record|submit|register] the [shapes|objects|things][?| in the {image}?| with the tool?]
[Can|Could|Would] you [use|call] [the tool|{tool}|your tool] [to describe the {image}|to report the shapes|with the \
shapes]?
[I would like|I want|I need] [the shapes reported|a report of the shapes|a report on the {image}|you to report the \
shapes].
[I would like|I want] you to [use|call] [the tool|{tool}] [for this {image}|with the shapes|to report what you see].
[Look at|Take] [the|this] {image} and [report the shapes|call the tool|use the tool|report what you see|call {tool}|\
submit the shapes].
[What|Which] [shapes|objects] [are there|do you see|are in the {image}]? [Use|Call] [the tool|{tool}|the function][.| \
to answer.]
What [is in the {image}|do you see|is shown]? [Use|Call] [the tool|{tool}|the function][.| to answer.]
[Report|Tool call|Shape report], please.
[Make|File|Give|Send|Write] a report [of the shapes|on the {image}|of what you see|on the shapes in the {image}].
Report [it|them|them all|the contents of the {image}|each shape|every shape|what is there][.| with the tool.| with \
{tool}.]
[Pass|Send|Hand|Give] the [shapes|objects|things] to [the tool|{tool}|the function|your tool].
""",
    "tool_count": """
[Report|Record|Register|Submit|Save|Log] the [number|count|total number] of [shapes|objects|things|figures][.| in the \
{image}.]
[Report|Record|Submit] how many [shapes|objects|things|figures] [there are|you see|are in the {image}][.| with the \
tool.]
[Count|Count up] the [shapes|objects|things|figures|items] [with|using|by means of] [the tool|{tool}|the function|\
your tool|a tool].
[Count|Count up] [all|all the|the] [shapes|objects|things] [in|of] [the|this] {image} [with|using] [the tool|{tool}|\
the function].
[Count|Count up] [all|all the|the] [shapes|objects|things|figures] and [report the number|call the tool|call {tool}|\
use the tool].
[Use|Call|Invoke] [the|your] [tool|function] [to count the shapes|to count the objects|to report the number of shapes|\
with the count].
[Use|Call|Invoke] [the|your] [tool|function] [with|for] the [number|count|total number] of [shapes|objects|things|\
figures].
[Use|Call|Invoke|Run] {tool}[.| for this {image}.| on the {image}.| with the number of shapes.| to count the shapes.]
[Use|Call|Invoke|Run] {tool} [with|for|to report] the [number|count] of [shapes|objects|things].
How many [shapes|objects|things|figures|items] [are there|do you see|are in the {image}]? [Use|Call] [the tool|{tool}|\
the function].
How many [shapes|objects|things] are [there|shown|in the {image}]? Answer [with|by calling|through] [the tool|{tool}|\
the function].
[Can|Could|Would] you [use|call] [the tool|{tool}|your tool] [to count the shapes|with the number of shapes]?
[Can|Could|Would] you count the [shapes|objects|things] [with|using] [the tool|{tool}|your tool|the function]?
[I would like|I want|I need] [the number of shapes reported|you to count the shapes with the tool|you to report the \
shape count].
[Look at|Take] [the|this] {image} and [count the shapes with the tool|call {tool}|report the number of shapes|report \
the count].
[Pass|Send|Hand|Give] the [number|count] of [shapes|objects|things] to [the tool|{tool}|the function|your tool].
[Give|Get|Find] the [number|count] of [shapes|objects|things] [with|using|through] [the tool|{tool}|the function].
[Report|Record|Submit] [the shape count|the count|the object count|the number][.| of the {image}.| with the tool.| \
with {tool}.]
What is the [number|count] of [shapes|objects|things]? [Use|Call] [the tool|{tool}|the function][.| to answer.]
Tell [the tool|{tool}|the function] how many [shapes|objects|things] [there are|you see|are in the {image}].
""",
}
