"""Errors in one line."""

from tb_nnhealth.flight.telling import told


def test_the_first_line_that_says_what_it_is():
    text = "Exception encountered when calling Lambda.call().\n\n\x1b[1mInput has 3 values.\x1b[0m\n\nArguments: …"
    assert told(ValueError(text)) == "ValueError: Input has 3 values"
    assert told(ValueError("{{function_node f_device_/job:a/CPU:0}} Shape [4]")) == "ValueError: Shape [4]"
    assert told(RuntimeError()) == "RuntimeError"
