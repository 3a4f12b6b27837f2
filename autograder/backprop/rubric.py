"""The rubric: the points of every check. It is the only place for them; the checks, the reports and the hand-out read it.

A check is a function in tests/public or tests/hidden, named here without its `test_`. To change its points, change the number
and run `make assignment`, which updates the hand-out.
"""

# part -> task -> who sees the check -> check -> points
RUBRIC: dict[str, dict[str, dict[str, dict[str, float]]]] = {
    "warmup": {
        "one path": {
            "public": {"example_exp_exp_square": 1, "example_reciprocal_exp_square": 1},
            "hidden": {"exp_exp_square": 1, "reciprocal_exp_square": 1},
        },
        "several paths": {
            "public": {"example_two_paths": 1},
            "hidden": {"two_paths": 1},
        },
        "arrays": {"hidden": {"arrays": 1}},
        "three weights": {
            "public": {"example_three_weight_chain": 1},
            "hidden": {"three_weight_chain_last": 1, "three_weight_chain_all": 1},
        },
        "logistic regression": {
            "public": {"example_logistic_gradients": 1},
            "hidden": {"logistic_dJdz1": 1, "logistic_dJdb1": 1, "logistic_dJdw1": 1},
        },
        "warm-up conventions": {"hidden": {"warmup_conventions": 1}},
    },
    "dnn": {
        "forward": {
            "public": {"example_output": 2, "example_cache_keys": 2, "example_cache_values": 2},
            "hidden": {
                "forward_output": 3,
                "forward_cache_keys": 1,
                "forward_cache_Z": 2,
                "forward_cache_A": 2,
                "forward_cache_W_and_B": 1,
                "forward_other_depths": 1,
                "forward_saturated": 1,
                "forward_leaves_no_trace": 1,
            },
        },
        "compute_gradients": {
            "public": {
                "example_gradient_keys": 2,
                "example_gradient_shapes": 2,
                "example_output_Z": 2,
                "example_W": 2,
                "example_B": 2,
            },
            "hidden": {
                "gradient_keys_and_shapes": 1,
                "gradient_output_Z": 3,
                "gradient_W_step": 3,
                "gradient_B_step": 3,
                "gradient_A_step": 2,
                "gradient_hidden_Z_step": 3,
                "gradient_mean_of_samples": 1,
                "gradient_duplicated_batch": 1,
                "gradient_single_sample": 1,
                "gradient_numerical_W": 1,
                "gradient_numerical_B": 1,
                "gradient_other_depths": 1,
                "gradient_saturated": 1,
                "gradient_leaves_no_trace": 1,
                "gradient_second_call": 1,
            },
        },
        "gradients and fit": {
            "public": {"example_gradients": 2},
            "hidden": {
                "gradients": 1,
                "fit_losses": 1,
                "fit_parameters": 1,
                "fit_tolerance": 1,
                "fit_goes_on": 1,
                "gradients_and_fit_leave_no_trace": 1,
            },
        },
    },
    "extension": {
        "softmax": {
            "public": {"example_softmax": 1},
            "hidden": {"softmax_columns": 1, "softmax_stable": 1},
        },
        "softmax and cross-entropy": {
            "public": {"example_softmax_forward": 1, "example_cross_entropy": 1},
            "hidden": {
                "softmax_forward": 1,
                "cross_entropy_loss": 1,
                "cross_entropy_output_Z": 1,
                "cross_entropy_gradients": 1,
            },
        },
        "softmax and squared error": {
            "public": {"example_squared_error": 1},
            "hidden": {"squared_error_loss": 1, "squared_error_output_Z": 1, "squared_error_gradients": 1},
        },
        "the 4-4-2 example": {
            "public": {"example_worked_forward": 1},
            "hidden": {"worked_w212": 1, "worked_w131": 1},
        },
        "activations": {
            "public": {"example_activations": 1, "example_general": 1},
            "hidden": {"activations": 0.5, "general_forward": 1, "general_hidden_Z_step": 1, "general_gradients": 1},
        },
        "the convention of the notes": {
            "public": {"example_notes": 1},
            "hidden": {"notes_gradients": 1},
        },
        "extension conventions": {
            "hidden": {"extension_leaves_no_trace": 0.5, "extension_second_call": 0.5, "extension_results_independent": 0.5},
        },
    },
}


# The section of the hand-out on each task, by its heading in solution/README.md.
SECTIONS: dict[str, str] = {
    **dict.fromkeys(RUBRIC["warmup"], "Part 1: warm-up"),
    **dict.fromkeys(RUBRIC["dnn"], "Part 2: your tasks"),
    "softmax": "Softmax",
    "softmax and cross-entropy": "Softmax",
    "softmax and squared error": "Softmax",
    "the 4-4-2 example": "Spot the mistake",
    "activations": "Other activations",
    "the convention of the notes": "The convention of the notes",
    "extension conventions": "Rules for your code",
}

# The share of the points that a backward pass by finite differences earns: 0.5 is half of them, 1 all, 0 none. Not detected
# (docs/diagnosis.md): differences of only the last biases, sums or activations, and tiny complex steps in proportion to each
# weight; if a loop takes those, the TA gets a remark.
FINITE_DIFFERENCES = 0.5

# The networks and the checks of their backward passes, whose points this rule reduces.
BACKWARD: dict[str, tuple[str, ...]] = {
    "DNN": tuple(name for checks in RUBRIC["dnn"]["compute_gradients"].values() for name in checks),
    "SoftmaxDNN": ("example_cross_entropy", "cross_entropy_output_Z", "cross_entropy_gradients"),
    "SquaredErrorSoftmaxDNN": ("example_squared_error", "squared_error_output_Z", "squared_error_gradients"),
    "GeneralDNN": ("example_general", "general_hidden_Z_step", "general_gradients"),
}
