"""The tests' own watch over the console: nothing that the browser complains of is missed."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.parametrize("tensorboard", ["slow"], indirect=True)]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("() => console.error('from nowhere')", "from nowhere"),
        ("() => { new Image().src = 'https://example.org/x.png'; }", "violates img-src: https://example.org/x.png"),
        ("() => { setTimeout(() => { throw new Error('late'); }); }", "late"),
        (
            "() => { document.body.append(Object.assign(document.createElement('script'), {text: '1'})); }",
            "violates script-src-elem: inline",
        ),
    ],
)
def test_what_goes_wrong_in_the_frame_is_noted(open_tab, code, told):
    tab = open_tab("calm/health")
    tab.frame.locator("body").evaluate(code)
    tab.page.wait_for_timeout(200)
    assert any(told in error for error in tab.errors), tab.errors
    tab.errors.clear()
