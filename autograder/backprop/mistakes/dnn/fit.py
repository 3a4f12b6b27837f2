"""gradients and fit."""

from autograder.backprop.mistakes.families import chain_rule, contract
from autograder.diagnosis.mistake import Mistake, WrongLine

STOP = "            if losses[-1] < tolerance:\n                break\n"
UPDATE = "self.params[name] = self.params[name] - learning_rate * grads[name]\n"
RETURN = "        return self.compute_gradients(out, cache)\n"


def wrong_count(expression: str, found: str) -> Mistake:
    """Return the row for a loop over too many or too few epochs."""
    return WrongLine("epochs", expression).with_hints(
        "How many losses should fit record for a given number of epochs?",
        f"Look at the loop of fit: it runs one time too {found}.",
        "Each epoch records one loss and takes at most one step: range(epochs).",
        title=f"fit runs one epoch too {found}",
    )


FIT = {
    "gradients-without-labels": Mistake.by_edits(
        "How does compute_gradients get the labels?",
        "Look at gradients: a line is missing between forward and compute_gradients.",
        'Put the labels into the cache: cache["Y"] = Y.',
        "a cache without the labels",
        {"gradients": "\"KeyError: 'Y'\""},
        ('        cache["Y"] = Y\n', ""),
        title="The labels are never put into the cache",
    ),
    "gradients-returns-x": Mistake.by_edits(
        "Which gradients should the method gradients return?",
        "Look at its return statement.",
        "Return what compute_gradients returns: at least the gradients of every W_l and B_l.",
        "a different return value",
        {"gradients": '["X"]'},
        (RETURN, '        return {"X": X}\n'),
        title="`gradients` doesn't return the gradients",
    ),
    "gradients-returns-nothing": contract.missing_return(
        "`gradients`",
        "End it with `return self.compute_gradients(out, cache)`",
        {"gradients": "None"},
        (RETURN, "        self.compute_gradients(out, cache)\n"),
    ),
    "fit-steps-uphill": chain_rule.step_uphill(
        "update", "self.params[name] + learning_rate * grads[name]", "the update of fit", "W - learning_rate * dW"
    ),
    "fit-with-fixed-rate": WrongLine("update", "self.params[name] - 0.1 * grads[name]").with_hints(
        "How large is a step if the caller passes a different learning rate?",
        "Look at the update in fit: its learning rate is a constant.",
        "Use the argument learning_rate.",
        title="fit uses a fixed learning rate",
    ),
    "fit-without-rate": WrongLine("update", "self.params[name] - grads[name]").with_hints(
        "How large is a step?",
        "Look at the update in fit: it doesn't use learning_rate.",
        "A step is learning_rate times the gradient.",
        title="fit ignores the learning rate",
    ),
    "fit-updates-weights-only": Mistake(
        {"update": 'self.params[name] - learning_rate * grads[name] * (name[0] == "W")'},
        "Does your network learn its biases?",
        "Look at the update in fit: it changes every W, but no B.",
        "Update every parameter, W_l and B_l.",
        title="fit updates the weights but not the biases",
    ),
    "fit-without-update": WrongLine("update", "self.params[name]").with_hints(
        "Which line of fit changes the parameters?",
        "Look at the update in fit: the parameters are the same before and after it.",
        "self.params[name] has to become self.params[name] - learning_rate * grads[name].",
        title="fit never changes the parameters",
    ),
    "fit-one-epoch-more": wrong_count("range(epochs + 1)", "many"),
    "fit-one-epoch-less": wrong_count("range(1, epochs)", "few"),
    "fit-returns-nothing": contract.missing_return("fit", "End it with `return losses`", {"fit returns": "None"}),
    "fit-returns-last-loss": WrongLine("fit returns", "losses[-1]").with_hints(
        "Should fit return one loss, or one per epoch?",
        "Look at the return statement of fit.",
        "Return the whole list: `return losses`.",
        title="fit returns only the last loss",
    ),
    "fit-checks-tolerance-late": Mistake.by_edits(
        "If the loss is small enough, should fit still take a step?",
        "Look at where fit compares the loss with the tolerance: the update comes before it.",
        "Record the loss, stop if it is below the tolerance, and only then update.",
        "an update before the comparison of the loss with the tolerance",
        {"stop": "(1, True)"},
        (STOP, ""),
        (f"                {UPDATE}", f"                {UPDATE}{STOP}"),
        title="fit updates the parameters before it checks the tolerance",
    ),
    "fit-stops-when-flat": Mistake.by_edits(
        "When does fit stop, according to the assignment?",
        "Look for a second `break` in fit, or a comparison of two losses.",
        "fit stops when the recorded loss is below the tolerance, or after epochs updates, and in no other case.",
        "a stop where the loss no longer falls",
        {"plateau": "2"},
        (STOP, f"{STOP}            if len(losses) > 1 and losses[-1] >= losses[-2]:\n                break\n"),
        title="fit stops when the loss no longer falls",
    ),
    "gradients-sets-seed": contract.seed_set(
        "gradients",
        {"changed by gradients": '"random state"'},
        ('        cache["Y"] = Y\n', '        cache["Y"] = Y\n        np.random.seed(0)\n'),
    ),
    "fit-ignores-tolerance": Mistake.by_edits(
        "What is the tolerance for?",
        "Look at the loop of fit: it never uses the tolerance.",
        "When the recorded loss is below the tolerance, stop without another update.",
        "a tolerance that is never used",
        {"stop": "(epochs, True)"},
        (STOP, ""),
        title="fit ignores the tolerance",
    ),
}
