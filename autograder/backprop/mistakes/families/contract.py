"""What a function returns, which arguments it changes, and what runs when its file is imported."""

from collections.abc import Mapping

from autograder.diagnosis.mistake import Mistake, WrongLine

Formulas = Mapping[str, str]
Edit = tuple[str, str]
UNFINISHED = "named.get(key, key)"  # named is what became of the keys that are missing: another name, or None


def missing_return(function: str, right: str, formulas: Formulas, *edits: Edit) -> Mistake:
    """Return the row for a function that returns nothing: by a wrong line, or by edits that show as formulas say."""
    return Mistake(
        {} if edits else formulas,
        "What does a function return if it has no return statement?",
        f"Look at the end of {function}, and at every place where it returns early.",
        f"{function} returns None. {right}.",
        shows=formulas if edits else {},
        edits=edits,
        name="a missing return statement" if edits else "",
        title=f"{function} returns None",
    )


def incomplete_return(step: str, expression: str, function: str, missing: str, right: str) -> Mistake:
    """Return the row for one returned value instead of two."""
    return WrongLine(step, expression).with_hints(
        f"How many values does {function} return?",
        f"Look at the return statement of {function}: it leaves out {missing}.",
        f"It should return two values: {right}.",
        title=f"{function} doesn't return {missing}",
    )


def swapped_return(step: str, expression: str, function: str, first: str, second: str) -> Mistake:
    """Return the row for two returned values in the wrong order."""
    return WrongLine(step, expression).with_hints(
        f"In which order does {function} return its two values?",
        f"Look at the return statement of {function}.",
        f"Return {first} first, then {second}.",
        title=f"{function} returns its two values in the wrong order",
    )


def misnamed_keys(name: str, where: str, right: str, shows: Formulas, *edits: Edit, title: str) -> Mistake:
    """Return the row for gradients under keys other than those of the assignment."""
    return Mistake.by_edits(
        "Which keys does the assignment ask for?",
        f"Look at the keys of {where}.",
        right,
        name,
        shows,
        *edits,
        title=title,
    )


def keys_renamed(where: str, right: str, step: str, *edits: Edit) -> Mistake:
    """Return the row for a dict in which every key that is missing has another name."""
    shows, title = {step: "named.get(key) or key"}, f"Some keys are misnamed in {where}"
    return misnamed_keys("keys under other names", where, right, shows, *edits, title=title)


def unfinished(name: str, found: str, shows: Formulas, *edits: Edit, title: str) -> Mistake:
    """Return the row for gradients that are missing."""
    return Mistake.by_edits(
        "Which gradients does compute_gradients return, and which ones are still to do?",
        f"Look at the keys of grads: {found}.",
        "grads holds dZ, dW and dB of every layer L, ..., 1, and dA of every hidden layer. Keep what you have so far.",
        name,
        shows,
        *edits,
        title=title,
    )


def input_centered(function: str, shows: Formulas, *edits: Edit) -> Mistake:
    """Return the row for an X that is normalized in place."""
    return Mistake.by_edits(
        "Does X belong to your function, or to its caller?",
        f"Look for `-=` or `/=` on X in {function}.",
        "Your function changes the caller's X. You don't need to normalize anything here; if you did, use a copy.",
        "an X that is centered in place",
        shows,
        *edits,
        title=f"{function} centers the caller's X in place",
    )


def weights_updated(function: str, weights: str, shows: Formulas, *edits: Edit) -> Mistake:
    """Return the row for a function that takes a step instead of only returning gradients."""
    return Mistake.by_edits(
        "Who takes the step of gradient descent: this function or its caller?",
        f"Look for `-=` on {weights} in {function}.",
        f"{function} only returns gradients, and its caller decides on the step. Leave {weights} unchanged.",
        "weights that are updated along the way",
        shows,
        *edits,
        title=f"{function} updates {weights}",
    )


def subtraction_in_place(array: str, where: str, new: str, shows: Formulas, *edits: Edit) -> Mistake:
    """Return the row for a subtraction that overwrites an argument."""
    return Mistake.by_edits(
        f"Does {array} belong to your function, or to its caller?",
        f"Look for `-=` or `out=` on {array} in {where}.",
        f"The caller still needs {array}. Compute {new} into a new array instead of changing {array} in place.",
        f"a subtraction that overwrites {array}",
        shows,
        *edits,
        title=f"An in-place subtraction in {where} overwrites {array}",
    )


def seed_set(function: str, shows: Formulas, *edits: Edit) -> Mistake:
    """Return the row for a function that sets the global random seed, or draws from it."""
    return Mistake.by_edits(
        f"Does {function} need random numbers?",
        f"Look for np.random in {function}, such as np.random.seed.",
        f"{function} needs no random numbers. Remove np.random: it changes the random numbers of the whole program.",
        f"a call of `np.random` in `{function}`",
        shows,
        *edits,
        title=f"Calling {function} changes the global random state",
    )


def layer_one_skipped(step: str, expression: str, where: str) -> Mistake:
    """Return the row for a backward loop that ends one layer too early."""
    return WrongLine(step, expression).with_hints(
        "Does a range include its end?",
        f"Look at the loop of {where}: it never reaches layer 1.",
        "range(L, 0, -1) counts L, ..., 1, because the end is not included.",
        title=f"The loop of {where} skips layer 1",
    )


def fixed_depth(step: str, expression: str, where: str, right: str) -> Mistake:
    """Return the row for a function that works for three layers only."""
    return WrongLine(step, expression).with_hints(
        "How many layers does a network of another depth have?",
        f"Look at {where}: it assumes three layers.",
        right,
        title=f"Three layers are hard-coded in {where}",
    )
