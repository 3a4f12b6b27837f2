"""A backward pass by finite differences is noticed, however it is written, and earns what the rubric says."""

import pytest

from autograder.backprop.rubric import BACKWARD
from autograder.settings import read_secret
from tests.golden.differences import DNN, EXTENSION, NETWORKS, WAYS, WRONG, by_way, outcome_of
from tests.golden.mistakes import MISTAKES
from tests.golden.programs import solution


def reduced(result):
    """Return the names of the checks that are worth half of their points."""
    assert {check.worth for check in result.checks} <= {1, 0.5}
    return {check.id.partition(".")[2] for check in result.checks if check.worth == 0.5}


def passed(result, names):
    return {name for check in result.checks if check.passed and (name := check.id.partition(".")[2]) in names}


@pytest.mark.parametrize("name", DNN)
def test_differences_in_dnn(name, grade):
    result = grade(DNN[name].source)
    assert result.status == "graded"
    assert result.part_score("dnn") == DNN[name].marks
    assert reduced(result) == passed(result, BACKWARD["DNN"])
    assert [remark.partition(",")[0].rstrip(".") for remark in result.remarks] == [
        "compute_gradients of DNN uses finite differences"
    ]


@pytest.mark.parametrize("model", EXTENSION)
def test_differences_in_the_extension(model, grade):
    result = grade({"dnn": solution().encode(), "extension": EXTENSION[model].source})
    assert (result.part_score("dnn"), result.part_score("extension")) == (60, EXTENSION[model].marks)
    assert reduced(result) == set(BACKWARD[model])
    assert [remark.partition(" uses")[0] for remark in result.remarks] == [f"compute_gradients of {model}"]


@pytest.mark.parametrize("secret", [read_secret().encode(), b"another", b"a third"])
@pytest.mark.parametrize("model", NETWORKS)
@pytest.mark.parametrize("name", WAYS)
def test_every_way_is_noticed_or_known_not_to_be(name, model, secret, judge):
    assert outcome_of(judge, by_way(name, model), model, secret) == WAYS[name].outcome


def test_nothing_is_said_of_a_wrong_network(grade):
    assert grade(WRONG).remarks == ()


def test_a_network_that_refuses_is_told_of_where_its_checks_pass(grade):
    sources, said = by_way("refusing tiny and large weights", "GeneralDNN"), "compute_gradients of GeneralDNN returns no gradients"
    result = grade(sources)
    assert result.score == 100
    assert [remark.partition(" in the test")[0] for remark in result.remarks] == [said]
    result = grade({**sources, "extension": sources["extension"] + b"\nGeneralDNN.forward = lambda net, X: None\n"})
    assert result.remarks == ()


def test_no_network_is_doubted_whose_dnn_is_missing(grade):
    assert grade({"extension": solution("extension").encode()}).remarks == ()


def test_differences_in_dnn_are_not_paid_for_in_the_extension(grade):
    """SoftmaxDNN takes its backward pass from DNN, where it has been paid for."""
    result = grade({"dnn": DNN["W1 alone"].source, "extension": solution("extension").encode()})
    assert reduced(result) == set(BACKWARD["DNN"])
    assert result.part_score("extension") == 25


@pytest.mark.parametrize("name", MISTAKES)
def test_no_other_mistake_is_taken_for_differences(name, grade_mistake):
    assert grade_mistake(name).remarks == ()
