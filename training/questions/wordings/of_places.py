"""The wordings that ask what is there, where, how large and on which ground; wordings.py tells their grammar."""

from collections.abc import Mapping

BLOCKS: Mapping[str, str] = {
    "exists": """
Is there {a_thing}[?| in the {image}?| here?| in this {image}?| anywhere?| to be seen?| shown?| on the {image}?| in \
it?]
Are there [any |]{things}[?| in the {image}?| here?| in this {image}?| anywhere?]
Are any {things} [there|shown|visible|here]?
[Do|Can] you see {a_thing}[?| in the {image}?| here?| anywhere?| in this {image}?| in it?| there?]
[Do|Can] you [see|find|spot|detect] any {things}[?| in the {image}?| here?]
[Can|Could] you [find|spot|detect] {a_thing}[ in the {image}|]?
Does [the|this] {image} [show|have|contain|include|depict|display|feature|hold] {a_thing}?
Does it [show|have|contain] {a_thing}? / Does [the|this] {image} [show|have|contain|include] any {things}?
Any {things}[?| in the {image}?| here?| there?| in sight?]
{thing} [present|visible|shown|there|in the {image}|here|in it|included]? / {thing}: [yes or no|is it there|present]?
Is [any|one] {thing} [present|visible|shown|drawn|in the {image}|here|there|included]?
{a_thing}[?|: yes or no?| in there?| here?]
[Tell me|Say|State|Let me know|Check|Determine] [whether|if] there is {a_thing}[.| in the {image}.| here.]
[Tell me|Say|Check] [whether|if] [you see|the {image} shows|the {image} has|the {image} contains|you can see] \
{a_thing}.
Yes or no[:|,] is there {a_thing}[?| in the {image}?| here?] / Is there {a_thing}, yes or no?
Is it true that there is {a_thing}?
[Can|Could|Would] you [tell me|say|check|tell] [whether|if] there is {a_thing}[?| in the {image}?| here?]
[I would like to know|I want to know|I wonder|I'd like to know] [whether|if] there is {a_thing}[.| in the {image}.| \
here.]
[I would like to know|I want to know] [whether|if] [you see|the {image} shows|it shows] {a_thing}.
I wonder if you see {a_thing}.
[Look at|Check|See] [the|this] {image} and [tell me|say] [whether|if] there is {a_thing}.
Look for {a_thing}; is there one?
[I am looking for|I need|I want|I seek] {a_thing}[;|.|,] is there one[?| in the {image}?| here?]
There is {a_thing}, [right|isn't there]?
There is {a_thing}[ here| in the {image}|], [is that true|is that right|is that so|true or false|yes or no|isn't it]?
[The|This] {image} [shows|has|contains] {a_thing}, [right|true or false|doesn't it|yes or no|is that right]?
True or false: there is {a_thing}. / In [the|this] {image}, is there {a_thing}?
In [the|this] {image}, [do|can] you see {a_thing}? / Has [the|this] {image} {a_thing}?
Is [one of the shapes|one of the objects|one of them|any of the shapes|any shape|anything] {a_thing}?
Is {a_thing} among [the shapes|them]?
Is {a_thing} [there|shown|visible|present|drawn|in the {image}|in this {image}|to be seen|included|here|part of the \
{image}]?
Can {a_thing} be [seen|found|spotted][?| in the {image}?| here?] / Could there be {a_thing}[ in the {image}| here|]?
Have you [seen|found|spotted] {a_thing}[?| in the {image}?] / Did [someone|anyone|they] draw {a_thing}[?| here?]
Is at least one {thing} there? / Check for {a_thing}. / Verify that there is {a_thing}.
Confirm [that|whether] there is {a_thing}[.| in the {image}.] / Do we have {a_thing}?
""",
    "where": """
Where is the {thing}[?| in the {image}?| located?| placed?| drawn?| to be found?| located in the {image}?| in this \
{image}?]
Where's the {thing}[?| in the {image}?] / Where [do|can|did] you [see|find] the {thing}[?| in the {image}?]
Where the {thing} is? / Where [can|could|should] [I|one] [find|see|look for] the {thing}[?| in the {image}?]
Where [does|did] the {thing} [sit|stand|lie|appear]?
[In|At] [which|what] [part|place|position|area|spot|region] of the {image} is the {thing}?
In which [part|area] is the {thing}?
[At|In] [which|what] [place|position|spot|location] is the {thing}[?| in the {image}?| located?| drawn?]
On which side is the {thing}? / [What is|What's] the [position|location|place] of the {thing}[?| in the {image}?]
[What is|What's] the {thing}'s [position|location|place]?
[Tell me|Give me|State|Name|Identify|Report|Describe|Determine] the [position|location|place] of the {thing}[.| in \
the {image}.]
[Position|Location|Place|Whereabouts|The position|The location] of the {thing}[?|.|, please.| in the {image}?]
Position of {thing}? / {thing}: [where|where is it|position|location|which place]?
The {thing}: [where|where is it|position|in which place|at what position]?
[Tell me|Say|State|Let me know|Explain|Show me] where the {thing} is[.| in the {image}.| located.| placed.]
[Locate|Find] the {thing}[.| in the {image}.| for me.| here.] / Find the {thing} and [tell me|say] where it is.
Point [me |]to the {thing}. / The {thing} is where[?| in the {image}?| exactly?]
The {thing} is [located|placed|drawn] where? / The {thing} is in [which|what] [part|place]?
I see {a_thing}[;|.|,] where is it? / There is {a_thing}[;|.|:] where[ is it|]?
I [am looking for|cannot find|seek] the {thing}[;|.|,] where is it?
[Can|Could|Would] you [tell me|say|show me|see|tell] where the {thing} is[?| in the {image}?| located?]
[Can|Could|Would] you [locate|find] the {thing}[?| in the {image}?| for me?]
Could you give the [position|location] of the {thing}?
[I would like to know|I want to know|I wonder|I'd like to know|I need to know] where the {thing} is[.| in the \
{image}.| located.]
[I would like to know|I want to know|I need] the [position|location|place] of the {thing}[.| in the {image}.]
[Look at|See|Take] [the|this] {image} and [tell me where the {thing} is|find the {thing}|say where the {thing} is|\
locate the {thing}].
In [the|this] {image}, where is the {thing}? / Looking at [the|this] {image}, where is the {thing}?
Do you [see|know] where the {thing} is?
[Which|What] [place|position|part of the {image}|spot] [does the {thing} take|does the {thing} have|is the {thing} in|\
holds the {thing}]?
How is the {thing} [placed|positioned][?| in the {image}?]
[Which|What] position does the {thing} [have|occupy|take][?| in the {image}?]
Is the {thing} on the left, on the right or in the center? / Is the {thing} at the top, in the center or at the \
bottom?
""",
    "what_at": """
What is {at_place}[?| of the {image}?| of this {image}?] / What's {at_place}[?| of the {image}?]
What is there {at_place}? / What is [shown|drawn|located|placed|to be seen|visible] {at_place}[?| of the {image}?]
What [do|can] you [see|find] {at_place}[ of the {image}|]?
[Which|What] [shape|object|thing|figure|item] is {at_place}[?| of the {image}?]
[What|Which] [shape|object|figure] do you see {at_place}?
[What|Which] [shape|object|thing|figure] is [located|placed|drawn|shown|found] {at_place}[?| of the {image}?]
What kind of [object|shape] is {at_place}?
[Tell me|Say|State|Describe|Report|Explain] what is {at_place}[.| of the {image}.] / Tell me what you see {at_place}.
[Name|Identify|Describe|Give me] [the shape|the object|the thing|the figure|what is|what you see] {at_place}[.| of \
the {image}.]
{at_place}: [what|what is there|what do you see|which shape|which object|what is it]? / {at_place} there is what?
{at_place}, what is there? / {at_place} of [the|this] {image}: [what|what is there|what do you see|which shape]?
{at_place} of the {image} there is what?
{at_place} of [the|this] {image}, what [is there|do you see|can you see|is shown]?
{at_place} I see something; what is it?
[The shape|The object|The thing|The figure|The one|Shape|Object] {at_place}[: what is it|, what is it|: which one]?
The [shape|object] {at_place}?
[Can|Could|Would] you [tell me|say|describe|see|tell] what is {at_place}[?| of the {image}?]
Could you name the [shape|object] {at_place}?
[I would like to know|I want to know|I wonder|I'd like to know] what is {at_place}[.| of the {image}.]
[I would like to know|I want to know] [which|what] [shape|object|thing|figure] is {at_place}[.| of the {image}.]
[Look at|Take|See] [the|this] {image} and [tell me|say] what is {at_place}.
Look {at_place}[:|;|.] what [is there|do you see]? / In [the|this] {image}, what is {at_place}?
In [the|this] {image}, [what|which] [shape|object] is {at_place}? / Looking {at_place}, what do you see?
There is something {at_place}[;|.|:] what is it? / I see something {at_place}[;|.|,] what is it?
What [did they draw|was drawn] {at_place}? / What [can be|can one] [seen|see] {at_place}?
What [lies|stands|sits|appears] {at_place}[?| of the {image}?] / What have we {at_place}?
Is there anything {at_place}[ of the {image}|], and what? / Is something {at_place}, and what?
What, if anything, is {at_place}[ of the {image}|]? / Which of the [shapes|objects|things|figures] is {at_place}?
Which one is {at_place}[?| of the {image}?] / What fills the place {at_place}?
Answer with the [shape|object] {at_place}. / Check what is {at_place}. / Find out what is {at_place}.
What does the {image} show {at_place}?
""",
    "size_of": """
[What|Which] size is the {thing}[?| in the {image}?| here?| in this {image}?]
[What|Which] size does the {thing} have[ in the {image}|]?
How [big|large|small] is the {thing}[?| in the {image}?| here?| in this {image}?]
How [big|large] [would you say |]the {thing} is? / [What is|What's] the size of the {thing}[?| in the {image}?| here?]
[What is|What's] the {thing}'s size? / What size has the {thing}?
[Tell me|Name|State|Identify|Give me|Say|Determine|Report|Describe|Estimate] the size of the {thing}[.| in the \
{image}.]
[Tell me|Name|State|Identify|Give|Report] the {thing}'s size.
[Size|The size] of the {thing}[?|.|, please.| in the {image}?] / Size of {thing}?
{thing}: [size|what size|which size|how big|how large]? / {thing} size?
The {thing}: [size|what size|how big|how large|how big is it]?
The {thing} is [how big|how large|of what size|of which size|what size][?| in the {image}?]
The {thing} has [which|what] size?
Is the {thing} [small, medium or large|large, medium or small|small, medium, or large|small or large|big or small|\
large or small]?
Small, medium or large: [what|which] is the {thing}? / Is the {thing} [drawn|shown] small, medium or large?
Is it a small, medium or large {thing}?
[Tell me|Say|State|Let me know] [how big|how large|what size|which size] the {thing} is[.| in the {image}.]
[Tell me|Say|State] [whether|if] the {thing} is small, medium or large. / Tell me which size the {thing} has.
I see {a_thing}[;|.|,] [how big is it|how large is it|what size is it|which size does it have]?
There is {a_thing}[;|:] how big is it?
[Can|Could|Would] you [tell me|say|name|identify|give me|tell] the size of the {thing}[?| in the {image}?]
[Can|Could|Would] you [tell me|say|see|tell] [how big|how large|what size] the {thing} is[?| in the {image}?]
[I would like to know|I want to know|I wonder|I need to know] [how big|how large|what size] the {thing} is[.| in the \
{image}.]
[I would like to know|I want to know|I need] the size of the {thing}[.| in the {image}.]
Do you know how [big|large] the {thing} is?
[Look at|Find|See] the {thing}[.|:] [How big is it?|What size is it?|What is its size?|How large is it?|Name its \
size.]
[Look at|Take] [the|this] {image} and [tell me the size of the {thing}|say how big the {thing} is|name the size of \
the {thing}].
In [the|this] {image}, [how big|how large|what size] is the {thing}?
Of [what|which] size is the {thing}[ in the {image}|]?
[In|At] [what|which] size is the {thing} [drawn|shown|painted][?| in the {image}?]
[How big|How large|What size] did they draw the {thing}? / Find the {thing} and [tell me|name|say|give] its size.
Which of the sizes small, medium and large does the {thing} have?
""",
    "background": """
[What|Which] color is the background[?| of the {image}?| of this {image}?| here?| behind the shapes?] / Background?
[What is|What's] the color of the background[?| of the {image}?| here?]
[What is|What's] the background color[?| of the {image}?]
[Tell me|Name|State|Identify|Give me|Say|Determine|Report] the color of the background[.| of the {image}.]
[Tell me|Name|State|Identify|Give me|Say|Report] the background color[.| of the {image}.]
[What|Which] background color do you see? / Background color[?|.|, please.| of the {image}?]
Color of the background[?|.| in the {image}?] / Background: [color|which color|what color]?
The background [has|is of] [which|what] color? / The background is [what|which] color?
The background[:|,] what color is it? / [What|Which] color does the background have[?| in the {image}?]
[What|Which] [color|background] does the {image} have behind the shapes?
[On|Upon] [what|which] [color|background|ground|background color] are the [shapes|objects|things|figures] [drawn|\
placed|shown|painted]?
[What|Which] color is [behind|around|underneath] the [shapes|objects|figures|things][?| in the {image}?]
What is behind the [shapes|objects]?
[What|Which] color is the [ground|canvas|backdrop|paper|surface][?| of the {image}?| here?| behind the shapes?]
[What is|What's|Tell me|Name] the color of the [ground|canvas|backdrop|paper][.| of the {image}.| behind the shapes.]
[Tell me|Say|State|Let me know] [what|which] color the background [is|has][.| in the {image}.]
How is the background colored?
[Can|Could|Would] you [tell me|say|name|identify|tell] the [color of the background|background color][?| of the \
{image}?]
[Can|Could|Would] you [tell me|say|see|tell] [what|which] color the background [is|has]?
Describe the background[.| of the {image}.]
[I would like to know|I want to know|I wonder|I need to know] [what|which] color the background [is|has][.| in the \
{image}.]
[I would like to know|I want to know|I need] the [color of the background|background color][.| of the {image}.]
[Look at|See] the background[ of the {image}|][.|:] [What color is it?|Which color does it have?|What is its color?|\
Name its color.]
[Look at|Take] [the|this] {image} and [tell me the color of the background|say which color the background has|name \
the background color].
In [the|this] {image}, [what|which] color is the background?
In [what|which] color is the background [painted|drawn|filled]?
What does the background look like[?| in the {image}?]
[The|This] {image} has [which|what] background color? / I see a background[;|.|,] [what|which] color is it?
Ignore the shapes[:|;|.] what color is the background? / How does the background look?
[What|Which] [tone|shade|paint|color] [is|was used for|covers|makes up] the [background|backdrop|ground|canvas|paper]?
Against [what|which] color [are the shapes set|do the shapes stand|is it all drawn]?
[What|Which] color [lies behind|is under|is beneath] the [shapes|objects|things|figures]?
[What|Which] color would the {image} be without [its|the] [shapes|objects|figures]?
""",
}
