"""The wordings that ask about two pictures; wordings.py tells their grammar."""

from collections.abc import Mapping

BLOCKS: Mapping[str, str] = {
    "which_image": """
Which {image} [shows|has|contains|includes|depicts|displays|holds] {a_thing}? / Which {image} is {a_thing} in?
Which [of the|of the two|of these|of these two|of the given] {image}s [shows|has|contains|includes|depicts] {a_thing}?
Which of [them|these|the two|both] [shows|has|contains|includes|depicts] {a_thing}?
Which one [shows|has|contains] {a_thing}?
[In|On] which {image} [is there {a_thing}|do you see {a_thing}|can you see {a_thing}|is {a_thing}|can {a_thing} be \
seen]?
[In|On] which [of the|of the two|of these] {image}s [is there {a_thing}|do you see {a_thing}|is {a_thing}|can \
{a_thing} be found]?
In which one [is there|do you see|is] {a_thing}? / Where is there {a_thing}, in the first or [in |]the second {image}?
[Tell me|Say|State|Name|Identify|Find|Determine] which {image} [shows|has|contains|includes] {a_thing}.
[Tell me|Say|State|Name|Identify|Find] which [of the|of the two|of these] {image}s [shows|has|contains] {a_thing}.
[Name|Identify|Find|Give me|Choose|Pick|Select] the {image} [with|that shows|that has|that contains|containing|\
showing] {a_thing}.
Which {image}[:|,] {a_thing}?
{a_thing}[:|,] [which {image}|in which {image}|first or second {image}|which of the two]?
The {image} [with|that shows|that has|containing|showing] {a_thing}[?|: which one?|: first or second?|: which is it?| \
is which?]
Is {a_thing} in the first {image}[,| or] [the second|in the second], [in both or in neither|both or neither|both, or \
neither|or in both]?
Is {a_thing} in the first or [in |]the second {image}?
Does the first or the second {image} [show|have|contain] {a_thing}?
[First or second|First, second, both or neither|Which one]: [which {image} shows|where do you see|which {image} has|\
which contains] {a_thing}?
[Can|Could|Would] you [tell me|say|tell|see] which {image} [shows|has|contains|includes] {a_thing}?
[Can|Could|Would] you [tell me|say|find] [the {image} with|in which {image} there is|which of the two {image}s shows] \
{a_thing}?
[I would like to know|I want to know|I wonder|I need to know] which {image} [shows|has|contains] {a_thing}.
[I would like to know|I want to know] [in which {image} there is|which of the {image}s shows] {a_thing}.
[I am looking for|I seek|I need] {a_thing}[;|.|:] [which {image} has one|which {image} shows it|in which {image} is \
it]?
[Look at|Compare|See] [the|both|the two|these] {image}s and [tell me|say] which [shows|has|contains|one has|one shows]\
 {a_thing}.
[Here are|I give you|You see|There are] two {image}s[.|;|:] [which|which one|which of them] [shows|has|contains] \
{a_thing}?
Of [the|these|the two|these two] {image}s, which [shows|has|contains|one shows|one has] {a_thing}?
[What|Which] {image} [can I find|can you find|do I see|shows me|would show] {a_thing}[ in|]?
Only one {image} or both: where is {a_thing}?
""",
    "more_shapes": """
Which {image} [shows|has|contains|includes|holds|displays] [more|the most|a larger number of|the larger number of] [\
shapes|objects|things|figures|items]?
Which [of the|of the two|of these|of these two] {image}s [shows|has|contains] [more|the most] [shapes|objects|things|\
figures]?
Which of [them|these|the two|both] [shows|has|contains] [more|the most] [shapes|objects|things|figures|items]?
Which one [shows|has|contains] [more|the most] [shapes|objects|things]? / Which has more[ shapes| objects|]?
More shapes: which {image}?
[In|On] which {image} [are there|do you see|can you see|can you count|are] more [shapes|objects|things|figures|items]?
[In|On] which of the [two |]{image}s [are there|do you see|can you count] more [shapes|objects|things|figures]?
[Tell me|Say|State|Name|Identify|Find|Determine] which {image} [shows|has|contains] [more|the most] [shapes|objects|\
things].
[Name|Identify|Find|Choose|Pick|Select|Give me] the {image} [with|that has|that shows|that contains] [more|the most] [\
shapes|objects|things].
The {image} with [more|the most] [shapes|objects|things][?|: which one?|: first or second?|: which is it?]
Does the first or the second {image} [show|have|contain] more [shapes|objects|things]?
Are there more shapes in the first or [in |]the second {image}?
[First or second|Which one]: [which {image} has|where are there|where do you see|which shows] more [shapes|objects|\
things]?
[Can|Could|Would] you [tell me|say|tell|see] which {image} [shows|has|contains] more [shapes|objects|things]?
[I would like to know|I want to know|I wonder|I need to know] which {image} [shows|has|contains] more [shapes|objects|\
things].
[I would like to know|I want to know] [in which {image} there are|which of the {image}s shows] more [shapes|objects].
[Count|Compare] the [shapes|objects|things] in [both|the two|the|these] {image}s[.|;|:] [Which has more?|Which \
{image} has more?|Where are more?]
[Look at|Compare|See] [the|both|the two|these] {image}s and [tell me|say] which [shows|has|contains|one has] more [\
shapes|objects].
[Here are|I give you|You see|There are] two {image}s[.|;|:] [which|which one|which of them] [shows|has|contains] more \
[shapes|objects]?
Of [the|these|the two] {image}s, which [shows|has|contains|one has] [more|the most] [shapes|objects|things]?
[Where|In which {image}] is the number of [shapes|objects|things] [larger|greater|higher]?
Which {image} is [fuller|richer in shapes]?
[Which|What] {image} has the [larger|greater|higher|bigger] [number|count] of [shapes|objects|things|figures]?
""",
    "describe_one": """
Describe the {ordinal} {image}[.| in one sentence.| in a sentence.| briefly.| for me.|, please.| only.]
Describe only the {ordinal} {image}.
What [is|can be seen|is shown|is drawn|do you see|is visible] [in|on] the {ordinal} {image}?
What's [in|on] the {ordinal} {image}? / What does the {ordinal} {image} [show|contain|depict|display|look like]?
The {ordinal} {image} shows what?
[Which|What] [shapes|objects|things|figures] [are|do you see|are shown|are there|can you see] in the {ordinal} \
{image}?
[Which|What] [shapes|objects|things] does the {ordinal} {image} [show|contain|have|display]?
[Tell me|Say|State|Explain] what [is in|you see in|is shown in|is drawn in] the {ordinal} {image}.
Tell me about the {ordinal} {image}.
[List|Name|Enumerate|Identify] the [shapes|objects|things|figures] in the {ordinal} {image}.
[Summarize|Sum up|Explain|Caption] the {ordinal} {image}[.| in one sentence.| for me.]
[Give|Write|Provide] [me |][a|a short] description of the {ordinal} {image}.
Give a caption for the {ordinal} {image}. / [Can|Could|Would] you describe the {ordinal} {image}[?| for me?]
[Can|Could] you tell me what is in the {ordinal} {image}?
[I would like to know|I want to know|I wonder|Let me know] what [is in the {ordinal} {image}|the {ordinal} {image} \
shows].
[Look at|Take] the {ordinal} {image} [and describe it|and tell me what you see|only; what does it show].
I need a description of the {ordinal} {image}.
[The|Only the] {ordinal} {image}: [what is in it|what do you see|what does it show|which shapes]?
The {ordinal} {image}: describe it.
[Of the two {image}s, describe|Ignore the other {image} and describe|Out of both, describe] the {ordinal} one.
What about the {ordinal} {image}? / And the {ordinal} {image}?
In the {ordinal} {image}, what [is there|do you see|can be seen]? / Description of the {ordinal} {image}[.|, please.|\
?]
Contents of the {ordinal} {image}? / Shapes in the {ordinal} {image}?
""",
    "describe_both": """
Describe [both|the two|these two|both of the|the|these|each of the] {image}s[.| in one sentence each.| briefly.| for \
me.|, please.]
Describe [both|both of them|each of them|them both|each {image}|every {image}|them|the two].
Describe the first and the second {image}.
What [is|can be seen|is shown|is drawn|do you see|is visible] [in|on] [both|the two|these two|the|these] {image}s?
What [is|do you see|is shown] in [each|each {image}|each of them|each of the {image}s|the first and in the second \
{image}]?
What do [both|the two|these two|the|these] {image}s [show|contain|depict|display]?
What does each [{image} |of them |][show|contain|depict]?
[Which|What] [shapes|objects|things|figures] [are|do you see|are shown|can you see] in [both|the two|the|these|each \
of the] {image}s?
[Which|What] [shapes|objects] do [both|the two|the|these] {image}s [show|contain|have]?
What's in [the {image}s|both {image}s|these two]?
[Tell me|Say|State|Explain] what [is in|you see in|is shown in] [both|the two|the|these|each of the] {image}s.
Tell me about [both|the two|the|these] {image}s. / Tell me what the [two |]{image}s show.
Tell me what each {image} shows.
[List|Name|Enumerate|Identify] the [shapes|objects|things] in [both|the two|the|these|each of the] {image}s.
[Summarize|Sum up|Explain|Caption] [both|the two|the|these|each of the] {image}s[.| for me.| briefly.]
[Give|Write|Provide] [me |][a description|a short description|descriptions] of [both|the two|the|these|each of the] \
{image}s.
[Can|Could|Would] you describe [both|the two|the|these|each of the] {image}s[?| for me?]
Could you describe them both?
[I would like to know|I want to know|I wonder|Let me know] what [is in both {image}s|the {image}s show|the two \
{image}s show].
[Look at|Take] [both|the two|the|these] {image}s and [describe them|tell me what you see|say what they show|describe \
each].
[Here are|I give you|You see] two {image}s[.|;|:] [Describe them.|Describe both.|What do they show?|What do you see \
in each?]
[Both|The two|These] {image}s: [what do they show|what is in them|what do you see|describe them]? / What do they show?
What is in them? / First describe the first {image}, then the second. / One {image} after the other: what do you see?
The {image}s, one by one, please. / I need a description of [both|the two|each of the] {image}s.
Descriptions of [both|the two] {image}s[.|, please.]
""",
}
