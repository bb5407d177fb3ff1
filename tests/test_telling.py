"""Errors in one line."""

from tb_nnhealth.telling import told


def test_the_first_line_that_says_what_it_is():
    text = "Exception encountered when calling Lambda.call().\n\n\x1b[1mInput has 3 values.\x1b[0m\n\nArguments: …"
    assert told(ValueError(text)) == "ValueError: Input has 3 values"
    assert told(ValueError("{{function_node f_device_/job:a/CPU:0}} Shape [4]")) == "ValueError: Shape [4]"
    assert told(RuntimeError()) == "RuntimeError"


def test_of_an_error_in_a_graph_the_last_line_says_what_it_is():
    text = (
        "Graph execution error:\n\nDetected at node loss defined at (most recent call last):\n"
        '  File "train.py", line 3, in <module>\n\n<stack traces unavailable>\n'
        "Received a label value of 3 which is outside the valid range of [0, 3).\n"
        "\t [[{{node loss}}]] [Op:__inference_step_1]"
    )
    assert (
        told(ValueError(text)) == "ValueError: Received a label value of 3 which is outside the valid range of [0, 3)"
    )
