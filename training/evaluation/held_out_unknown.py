"""Held-out questions that must be declined: things and requests that training must never hold."""

from __future__ import annotations

PLURALS = {
    "zebra": "zebras",
    "helicopter": "helicopters",
    "sandwich": "sandwiches",
    "umbrella": "umbrellas",
    "violin": "violins",
    "castle": "castles",
    "penguin": "penguins",
    "laptop": "laptops",
    "bicycle": "bicycles",
    "volcano": "volcanoes",
    "lighthouse": "lighthouses",
    "teapot": "teapots",
}

FORMS = (
    "Is there {a_noun}?",
    "Is there {a_noun} in the picture?",
    "Do you see {a_noun}?",
    "How many {nouns} are there?",
    "How many {nouns} do you see?",
    "What color is the {noun}?",
    "Where is the {noun}?",
    "What size is the {noun}?",
)
"""The usual forms of questions, with a noun in the shape's place."""

QUESTIONS = (
    "What is the weather like on Mars?",
    "Tell me about the weather on Mars.",
    "At what temperature does water boil?",
    "What is the boiling point of water?",
    "Who wrote Hamlet?",
    "Name the author of Hamlet.",
    "Write me a haiku.",
    "Compose a haiku about autumn.",
    "What was the score of the match?",
    "Who won the match last night, and by how much?",
    "How do I drive from here to the station?",
    "Give me driving directions to the airport.",
    "I need a recipe for chocolate cake.",
    "How do I bake a cake?",
    "Which chess opening is best for beginners?",
    "Explain the Sicilian Defense in chess.",
    "What are stock prices doing today?",
    "Should I buy shares now?",
    "Which is the tallest mountain on Earth?",
    "How high is the tallest mountain?",
)


def about(noun: str, form: str) -> str:
    """The question of this form about a noun."""
    article = "an" if noun[0] in "aeiou" else "a"
    return form.format(a_noun=f"{article} {noun}", noun=noun, nouns=PLURALS[noun])
