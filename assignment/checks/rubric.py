"""The points of the public checks."""

RUBRIC = {
    "warmup": {
        "one path": {
            "public": {
                "example_exp_exp_square": 1,
                "example_reciprocal_exp_square": 1
            }
        },
        "several paths": {
            "public": {
                "example_two_paths": 1
            }
        },
        "three weights": {
            "public": {
                "example_three_weight_chain": 1
            }
        },
        "logistic regression": {
            "public": {
                "example_logistic_gradients": 1
            }
        }
    },
    "dnn": {
        "forward": {
            "public": {
                "example_output": 2,
                "example_cache_keys": 2,
                "example_cache_values": 2
            }
        },
        "compute_gradients": {
            "public": {
                "example_gradient_keys": 2,
                "example_gradient_shapes": 2,
                "example_output_Z": 2,
                "example_W": 2,
                "example_B": 2
            }
        },
        "gradients and fit": {
            "public": {
                "example_gradients": 2
            }
        }
    },
    "extension": {
        "softmax": {
            "public": {
                "example_softmax": 1
            }
        },
        "softmax and cross-entropy": {
            "public": {
                "example_softmax_forward": 1,
                "example_cross_entropy": 1
            }
        },
        "softmax and squared error": {
            "public": {
                "example_squared_error": 1
            }
        },
        "the 4-4-2 example": {
            "public": {
                "example_worked_forward": 1
            }
        },
        "activations": {
            "public": {
                "example_activations": 1,
                "example_general": 1
            }
        },
        "the convention of the notes": {
            "public": {
                "example_notes": 1
            }
        }
    }
}
