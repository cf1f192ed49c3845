"""The wordings that ask what a picture shows, how many, of which color and shape; wordings.py tells their grammar."""

from collections.abc import Mapping

BLOCKS: Mapping[str, str] = {
    "describe": """
Describe [the|this] {image}[.| in one sentence.| in a sentence.| briefly.| in detail.| for me.| in words.]
Describe [it|what you see|everything you see|all you see|what is shown|all the shapes|the shapes|the objects][.| in \
one sentence.]
Describe [all |all of |]the [shapes|objects|things|figures] in the {image}.
[Give|Write] [a|a short|a brief|one] description.
What [is|can be seen|is shown|is drawn|is visible|do you see] [in|on] [the|this] {image}?
What's [in|on] [the|this] {image}? / What's [here|there|shown here|drawn here|in here]?
What is [here|shown|drawn|in it]?
What [do|can] you see[?| here?| there?| in it?| in this {image}?| in front of you?| when you look at the {image}?]
What [shapes|objects|things|figures|forms] are [there|shown|visible|drawn|present|here|in it]?
What [shapes|objects|items|figures|forms] are [there |]in [the|this] {image}?
Which [shapes|objects|things|figures|items] [are|can be found|can you see|do you see|are shown] in [the|this] {image}?
Which [shapes|objects|figures] [are there|are shown|do you see|can you see|does it show|does it contain]?
What [shapes|objects|things|figures] [do|can] you see[ in the {image}|]?
What [shapes|things] does [it|the {image}] show?
What does [the|this] {image} [show|contain|depict|display|look like|consist of]?
What does it [show|contain|depict|display]?
[Tell|Show] me what [is in|you see in|is shown in|is on|can be seen in] the {image}.
Tell me what [you see|is there|is shown].
Tell me [about|what you see in|all about|everything about] [the|this] {image}.
Tell me about [it|the shapes|what you see].
Tell me which [shapes|objects|things] [are there|you see|are in the {image}|it shows].
[Say|State] what [you see|is there|is shown].
[Summarize|Summarise|Sum up] [the|this] {image}[.| in one sentence.| briefly.| for me.]
[Summarize|Sum up] what you see.
Explain [what is shown|what you see|what is in the {image}|what the {image} shows|the {image}][.| to me.| briefly.]
[Give|Write|Provide|Make|Produce] [me |][a|a short|a brief|a one-sentence|a full|an exact] description of [the|this] \
{image}.
[Write|Give|Suggest|Provide] [a caption|an alt text|a short caption] for [the|this] {image}.
Caption [the|this] {image}. / Caption?
[List|Name|Enumerate|Identify|Mention] [the|all|all the] [shapes|objects|things|figures|items][.| in the {image}.| \
you see.| shown.]
[List|Name|Enumerate|Identify] [everything|what is|what you see|all that is] in the {image}.
Name everything[.| you see.| there.]
Look at [the|this] {image} and [describe it|tell me what you see|say what it shows|list the shapes|describe what is \
there].
Here is [a picture|an image|a drawing]. [Describe it.|What does it show?|What do you see?|What is in it?|Which shapes \
are there?]
[I would like to know|I want to know|I wonder|Let me know] what [is in the {image}|the {image} shows|you see|is drawn \
here].
[I would like|I want|I need] [a description of|to know what is in] [the|this] {image}.
[I need|Give me] a description[.|, please.]
[Can|Could|Would] you [describe|summarize|explain|caption] [the|this] {image}[?| for me?]
[Can|Could|Will] you describe [it|this]?
[Can|Could] you [tell me|say|explain] what [is in the {image}|you see|the {image} shows|is drawn here|this {image} \
contains]?
In [a sentence|one sentence|a few words|your own words], [what is in the {image}?|describe the {image}.|what do you \
see?]
[The|This] {image} shows what? / [The|This] {image}: what is in it? / What is to be seen[ here| in the {image}|]?
Contents of the {image}?
[Description|A description|Short description|Full description][.|, please.|?| of the {image}.| of the {image}?]
Describe. / [How would you|How can one|How do you] describe [the|this] {image}?
What are the contents of [the|this] {image}?
[Report|Read out|Write down|Note|Put into words] what [you see|is shown|the {image} shows|is in the {image}].
What [kind|kinds|sort] of [shapes|objects|figures|things] [are in the {image}|are there|do you see|are shown], and \
where?
What [is|are] the [objects|shapes|things|figures] [in|on] [the|this] {image}? / What [all |]is in [the|this] {image}?
[Walk|Talk|Guide|Lead] me through [the|this] {image}. / [Go|Run] through what the {image} shows[.| for me.]
Help me [understand|picture|imagine|grasp] [the|this] {image}.
What's [going on|to see|happening] [here|in the {image}]?
What [is this {image}|is it|is the {image}] [about|of]? / What's this {image} of? / What is the {image} made of?
[Analyze|Examine|Inspect|Study|Interpret|Review|Read] [the|this] {image}[.| and report.| and describe it.| closely.]
[Outline|Paint|Sketch|Transcribe] [the|this] {image} in words. / [Put|Turn|Translate] [the|this] {image} into words.
What [did someone|did they|did the artist] [draw|paint|make|put] [here|in this {image}]?
What has been [drawn|painted|put|placed|arranged] [here|in the {image}]? / What makes up [the|this] {image}?
[Share|Express|Record|Type out|Spell out] what you [notice|observe|see|find][.| in the {image}.]
What [do|can] you [notice|observe|make out|recognize|spot|detect|perceive][?| here?| in the {image}?]
What [stands out|catches your eye|meets the eye|appears|shows up][?| here?| in the {image}?]
Describe the [scene|view|drawing|sight|composition|arrangement|content][.| fully.| for a friend.| to someone.]
[Give|Get|Send|Offer] me [an overview|a summary|the details|the gist|a rundown|an impression|a reading] of the {image}.
[Complete|Exact|Quick|Plain|Detailed|Brief] [description|summary|caption][.|, please.|?]
Write [a line|a sentence|a few words|a paragraph|something|alt text] about [the|this] {image}.
What would you [say|write] [is in|about|is on] [the|this] {image}? / How would you [sum up|caption] this {image}?
[Elaborate|Comment|Report] on [the|this] {image}. / What's visible[?| here?] / What things are to be seen?
I can't [see|open|view] the {image}[;|.|,] [what is in it?|please describe it.|tell me what it shows.]
Someone [asks|asked|wants to know] what [is in the {image}|the {image} shows|you see].
For a [blind|deaf|distant] [friend|reader|person], [describe the {image}.|what does the {image} show?]
Your [task|job] is to describe [the|this] {image}. / I'm curious what [is in|you see in] the {image}.
""",
    "count_all": """
How many [shapes|objects|things|figures|items|forms|elements] are [there|shown|visible|drawn|present|here|in it]?
How many [shapes|objects|things|figures|items|forms] are [there in|in|on|shown in|visible in|drawn in] [the|this] \
{image}?
How many [shapes|objects|things|figures|items|forms] [do|can] you [see|count|find][?| here?| there?| in the {image}?| \
in total?]
How many [shapes|objects|things|figures] does [the|this] {image} [show|have|contain|include|hold]?
How many does it show?
[Count|Please count] [the|all|all the] [shapes|objects|things|figures|items|forms][.| in the {image}.| you see.| \
here.| in it.]
Count [them|them all|everything|everything you see|what you see|all that you see|everything in the {image}].
What is the [number|total number|count|total] of [shapes|objects|things|figures|items][?| in the {image}?| here?| \
shown?]
[Tell me|Give me|State|Say|Name|Report] the [number|total number|count] of [shapes|objects|things|figures|items][.| \
in the {image}.]
[Tell me|Say|Let me know] how many [shapes|objects|things|figures|items|forms] [there are|you see|are there|are in \
the {image}].
[Number|Total number|Count|Total] of [shapes|objects|things|figures|items][?|.| in the {image}?| in the {image}.| \
here?]
[Shapes|Objects|Things|Figures|Items|All shapes|All objects]: how many? / [The shapes|The objects]: how many are \
there?
[Shape|Object|Figure|Item] count[?|.|, please.| of the {image}?| in this {image}?] / Number of [all |]shapes[ shown|]?
[The|This] {image} [shows|contains|has|holds] how many [shapes|objects|things|figures|items]?
There are how many [shapes|objects]?
[Can|Could|Would] you [count|count up|add up] the [shapes|objects|things|figures|items][?| in the {image}?| for me?]
[Can|Could|Would] you [tell me|say] how many [shapes|objects|things|figures|items] [there are|you see|are in the \
{image}]?
[I would like to know|I want to know|I wonder|I need to know] how many [shapes|objects|things|figures] [there are|are \
in the {image}].
[Look at|See|Take] [the|this] {image} and [count the shapes|tell me how many shapes there are|count the objects|say \
how many it shows].
I see [some|several|a few] [shapes|objects|things]; how many are [there|they]? / There are shapes here; how many?
How many [different |separate |single |]shapes [make up the {image}|are in total|are there in total|are there \
altogether]?
In [the|this] {image}, how many [shapes|objects|things|figures|items] [are there|do you see|can be seen|are shown]?
How many [are there|things are there|do you see|shapes altogether|shapes in all|objects in all|shapes|objects|figures]\
?
Determine the [number|count] of [shapes|objects|figures|items][.| in the {image}.]
How large is the number of shapes[ here|]?
[What|Which] number of [shapes|objects|things|figures] [is|are] [there|shown|visible|in the {image}]?
""",
    "count_things": """
How many {things} are [there|shown|visible|drawn|present|here|in it]? / How many {things}?
How many {things} in [the|this] {image}?
How many {things} are [there in|in|on|shown in|visible in|drawn in] [the|this] {image}?
{things}: [how many|number|count]?
How many {things} [do|can] you [see|count|find|spot][?| here?| there?| in the {image}?| in total?| altogether?]
How many {things} does [the|this] {image} [show|have|contain|include|hold|depict]?
How many {things} does it [show|have]? / How many [of the shapes|of the objects|of the things|of them] are {things}?
How many are {things}? / The {things}: how many?
[Count|Please count|Count up|Add up] [the|all|all the|only the] {things}[.| in the {image}.| you see.| here.| in it.| \
for me.]
What is the [number|total number|count|total] of {things}[?| in the {image}?| here?| shown?| in it?]
What's the [number|count] of {things}[ in the {image}|]?
[What|Which] number of {things} [is there|do you see|is shown]?
[Tell me|Give me|State|Say|Name|Report] the [number|total number|count] of {things}[.| in the {image}.| you see.]
[Tell me|Say|State|Let me know] how many {things} [there are|you see|are there|are in the {image}|it shows].
[Number|Total number|Count|Total] of {things}[?|.| in the {image}?| in the {image}.| here?| shown?]
[The|This] {image} [shows|contains|has|holds] how many {things}? / There are how many {things}[ here| in the {image}|]\
?
You [see|can see|count] how many {things}[ here| in the {image}|]? / I am counting {things}; how many are there?
[Can|Could|Would] you count [the|all] {things}[?| in the {image}?| for me?] / Could you tell the number of {things}?
[Can|Could|Would] you [tell me|say|tell] how many {things} [there are|you see|are in the {image}|are there]?
[I would like to know|I want to know|I wonder|I need to know] how many {things} [there are|are in the {image}|you see]\
.
[I would like to know|I want to know|I need] the number of {things}[.| in the {image}.]
[Look at|See|Take] [the|this] {image} and [count the {things}|tell me how many {things} there are|say how many \
{things} it shows].
Looking at [the|this] {image}, how many {things} [are there|do you see|can you count]?
Determine the number of {things}.
In [the|this] {image}, how many {things} [are there|do you see|can be seen|are shown]?
Are there {things}, and how many? / If you count the {things}, how many [are there|do you get]?
[Only|Just] the {things}: how many are [there|in the {image}]?
""",
    "colour_of": """
[What|Which] color is the {kind}[?| in the {image}?| here?| in this {image}?| that you see?| shown in the {image}?]
[What is|What's|Tell me|Name|Give me|State|Identify|Say|Determine|Report] the color of the {kind}[.| in the {image}.| \
here.]
[What is|What's] the color of the {kind}[?| in the {image}?| here?| shown?| you see?]
[What is|What's] the {kind}'s color? / [Tell me|Name|State|Identify|Give|Report|Say] the {kind}'s color.
[Color|The color|Its color] of the {kind}[?|.|, please.| in the {image}?] / Color of {kind}? / {kind} color?
{kind}: [color|which color|what color]? / The {kind}: [color|which color|what color|what color is it]?
The {kind} [has|is of|is in|was given] [which|what] color? / The {kind} is [what|which] color?
The {kind} is colored how? / The {kind} in [the|this] {image} [has which|is which|is what|is of what] color?
The color of the {kind} is what? / I see a {kind}[;|.|,] [what|which] color [is it|does it have|is that]?
There is a {kind}[;|:] [what|which] color is it?
[Tell me|Say|State|Let me know] [what|which] color the {kind} [is|has][.| in the {image}.]
Tell me the color the {kind} has. / [What|Which] color does the {kind} have[?| in the {image}?| here?]
What color has the {kind}? / Which is the color of the {kind}?
[In|With] [what|which] color is the {kind} [drawn|painted|shown|filled|colored][?| in the {image}?]
Of [what|which] color is the {kind}? / How is the {kind} [colored|painted][?| in the {image}?]
How would you name the color of the {kind}? / What hue is the {kind}?
[Can|Could|Would] you [tell me|say|tell|name|identify|give me] the color of the {kind}[?| in the {image}?]
[Can|Could|Would] you [tell me|say|see|tell] [what|which] color the {kind} [is|has][?| in the {image}?]
[I would like to know|I want to know|I wonder|I need to know] [what|which] color the {kind} [is|has][.| in the \
{image}.]
[I would like to know|I want to know|I need|I'd like to know] the color of the {kind}[.| in the {image}.]
[Look at|See] the {kind}[ in the {image}|][.|:] [What color is it?|Which color does it have?|What is its color?|Name \
its color.]
[Look at|Take] [the|this] {image} and [tell me the color of the {kind}|say which color the {kind} has|name the \
{kind}'s color].
In [the|this] {image}, [what|which] color [is|has] the {kind}?
In [the|this] {image}, what is the color of the {kind}? / Find the {kind} and [tell me|name|say|give] its color.
If there is a {kind}, [what|which] color is it? / About the {kind}: what color?
Do you know [what|which] color the {kind} is? / Do you see what color the {kind} is?
[Which|What] color would you say the {kind} is? / Describe the color of the {kind}[.| in the {image}.]
Check the color of the {kind}. / Answer with the color of the {kind}.
""",
    "shape_of": """
[What|Which] shape is the {colour} [object|thing|figure|item|one|element|form][?| in the {image}?| here?| you see?]
[What|Which] shape does the {colour} [object|thing|figure|item|one] have[?| in the {image}?| here?]
What shape is {colour}? / [What|Which] [kind of |sort of |]shape is {colour}[?| in the {image}?| here?]
[Which|What] [object|figure|form] is {colour}[ here|]?
[What is|What's] the shape of the {colour} [object|thing|figure|item|one][?| in the {image}?| here?]
[Tell me|Name|State|Identify|Give me|Say|Determine|Report] the shape of the {colour} [object|thing|figure|item|one][.|\
 in the {image}.]
[Name|Identify|Determine] the {colour} [shape|object|figure|thing|item][.| in the {image}.| here.| by its shape.]
[Tell me|Say|State|Let me know] [what|which] shape the {colour} [object|thing|figure|item|one] [is|has][.| in the \
{image}.]
[What|Which] kind of [object|figure|shape|thing] is the {colour} [one|object|figure|thing][?| in the {image}?]
[Shape|The shape] of the {colour} [object|thing|figure|item|one][?|.|, please.| in the {image}?]
{colour} [object|thing|figure]: [what|which] shape?
The {colour} [object|thing|figure|item|one] [has|is of|is] [which|what] shape?
The {colour} [one|object]: [shape|which shape|what shape is it]?
I see something {colour}[;|.|,] [what|which] shape [is it|does it have]?
There is something {colour}[;|:] what shape is it?
What is [drawn|shown|painted|colored] in {colour}[?| in the {image}?| here?]
What is {colour}[ in the {image}| here|]? / What's {colour}[ here|]?
Something [in the {image}|here|there] is {colour}[;|.] [what|which] shape is it?
What form does the {colour} [object|thing|one] have?
[Can|Could|Would] you [tell me|say|tell|name|identify] the shape of the {colour} [object|thing|figure|one][?| in the \
{image}?]
[Can|Could|Would] you [tell me|say|see] [what|which] shape the {colour} [object|thing|figure|one] [is|has][?| in the \
{image}?]
[I would like to know|I want to know|I wonder|I need to know] [what|which] shape the {colour} [object|thing|figure|\
one] [is|has].
[I would like to know|I want to know|I need] the shape of the {colour} [object|thing|figure|item|one][.| in the \
{image}.]
[Look at|See|Find] the {colour} [object|thing|figure|one][.|:] [What shape is it?|Which shape does it have?|What is \
its shape?|Name its shape.]
[Look at|Take] [the|this] {image} and [tell me the shape of the {colour} object|say which shape is {colour}|name the \
{colour} shape].
In [the|this] {image}, [what|which] shape [is {colour}|is the {colour} object|does the {colour} thing have]?
[Which|What] of the [shapes|objects|things|figures] is {colour}? / Which one is {colour}?
Which [geometric |]shape has the color {colour}?
Is the {colour} [object|thing|one|figure] a circle, a square or something else?
What geometric [shape|figure|form] is the {colour} [object|one]? / What does the {colour} [object|thing|one] look \
like?
Which shape is [drawn|shown|painted|colored] in {colour}[ here| in the {image}|]?
Find the {colour} [object|thing|one] and [tell me|name|say|give] its shape.
Tell me what the {colour} [shape|object|thing] is.
""",
}
