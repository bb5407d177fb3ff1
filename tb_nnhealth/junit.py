"""Scorecards as JUnit XML, which CI systems show as test results: a suite for each run, a case for each rule."""

import re
from collections.abc import Mapping
from io import BytesIO

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from tb_nnhealth.engine import Verdict
from tb_nnhealth.scorecard import Scorecard

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, not even escaped."""


def junit(scorecards: Mapping[str, Scorecard]) -> bytes:
    """Returns the scorecards as JUnit XML in UTF-8.

    A rule that fails is a failure, one without a verdict is skipped, with the reason, one that broke is an error.

    Args:
      scorecards: by the names of their runs.
    """
    report = JUnitXml("nnhealth")
    for name, scorecard in scorecards.items():
        report.add_testsuite(_suite(name, scorecard))
    report.update_statistics()  # type: ignore[no-untyped-call]
    document = BytesIO()
    report.write(document)
    return document.getvalue() + b"\n"


def _suite(name: str, scorecard: Scorecard) -> TestSuite:
    suite = TestSuite(_xml(name))
    if scorecard.created is not None:
        suite.timestamp = scorecard.created
    suite.add_property("model", _xml(str(scorecard.model.get("name"))))
    suite.add_property("status", scorecard.status)
    suite.add_property("score", "unknown" if scorecard.score is None else str(scorecard.score))
    suite.add_property("steps", str(scorecard.training["steps"]))
    suite.add_testcases([_case(verdict) for verdict in scorecard.rules])
    return suite


def _case(verdict: Verdict) -> TestCase:
    case = TestCase(_xml(verdict.rule.name), classname=_xml(verdict.rule.category), time=0)
    messages = [_xml(f"{finding.severity}: {finding.message}") for finding in verdict.findings]
    if verdict.status == "fail":
        failure = Failure(messages[0], verdict.severity)
        remedies = [_xml(f"try: {remedy}") for remedy in verdict.diagnosis.remedies]
        failure.text = "\n".join([*messages, *remedies])
        case.result = [failure]
    elif verdict.status == "no_data":
        case.result = [Skipped(_xml(verdict.reason or ""))]
    elif verdict.status == "error":
        case.result = [Error(_xml(verdict.reason or ""))]
    elif messages:
        case.system_out = "\n".join(messages)
    return case


def _xml(text: str) -> str:
    """Returns the text with what XML cannot hold replaced: names in a log are not to be trusted."""
    return NOT_XML.sub("\ufffd", text)
