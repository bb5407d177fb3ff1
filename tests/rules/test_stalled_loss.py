"""stalled-loss: flat after warm-up, without having converged."""

from dataclasses import replace

import numpy as np
import pytest

from tb_nnhealth.records import Epoch
from tests.rules.builder import (
    STEPS,
    findings,
    healthy,
    losses,
    model,
    stuck,
    thin,
    unmeasured,
    verdict,
    with_classes,
    with_epochs,
    with_spread,
)

RULE = "stalled-loss"
NOISE = np.random.default_rng(7).standard_normal(len(STEPS))
LIMITS = {
    "drop": (stuck(healthy()), 0.001),
    "visible": (stuck(healthy()), 0.001),
    "steps": (stuck(healthy()), 1000),
}


def test_a_falling_loss_passes():
    assert findings(RULE, healthy()) == ()


def test_a_loss_that_never_fell_is_an_error():
    (finding,) = findings(RULE, stuck(healthy()))
    assert (finding.severity, finding.statistic, finding.limit) == ("error", "loss", 0.01)
    assert finding.message == (
        "The loss has hardly fallen: it goes from 2.304 (median of the first 3 samples) to 2.295 (median of the last 5 "
        "samples)."
    )


def test_a_fall_that_noise_may_make_is_not_called_none():
    loss = np.where(STEPS < 3, 2.39, 2.31) * (1 + 0.01 * np.where(np.arange(len(STEPS)) % 2, 1, -1))
    (finding,) = findings(RULE, losses(healthy(), loss))
    assert finding.message.startswith("The loss has fallen by no more than its noise: it goes from 2.3")


def test_a_loss_that_ends_where_it_began_has_not_fallen():
    (finding,) = findings(RULE, losses(healthy(), 2.3))
    assert finding.message.startswith("The loss has not fallen: it goes from 2.3 (")


def test_a_loss_that_fell_a_little_first_is_a_warning():
    loss = np.where(STEPS < 8, 2.6, 2.3) * (1 + 0.003 * NOISE)
    (finding,) = findings(RULE, losses(healthy(), loss))
    assert finding.severity == "warning"
    assert finding.message == (
        "The loss stays at 2.3 (median of the last 5 samples), after 2.6 (median of the first 3 samples)."
    )


def test_a_rising_loss_is_told_as_rising():
    assert findings(RULE, losses(healthy(), 2.0 + STEPS / 500))[0].message.startswith("The loss rises from 2")


def test_a_loss_that_rises_again_is_not_said_to_be_above_its_start():
    loss = np.where(STEPS < 8, 3.0, 2.0 + STEPS / 1500)
    assert findings(RULE, losses(healthy(), loss))[0].message.startswith("The loss rises again: it goes from 3 (")


def test_a_loss_that_converged_is_not_stalled():
    assert findings(RULE, losses(healthy(), np.where(STEPS < 100, 2.3, 0.2) * (1 + 0.02 * NOISE))) == ()


@pytest.mark.parametrize("fall", [0.05, 0.2])
def test_a_slow_but_steady_fall_passes(fall):
    loss = 2.3 * (1 - fall * STEPS / STEPS[-1]) * (1 + 0.002 * NOISE)
    assert findings(RULE, losses(healthy(), loss)) == ()


def few_epochs(run, *means):
    """The run with the mean losses of a few epochs, of 320 steps each."""
    return replace(run, epochs=tuple(Epoch(i, 320 * (i + 1), {"loss": mean}) for i, mean in enumerate(means)))


def test_a_fall_from_epoch_to_epoch_passes_that_noisy_samples_do_not_show():
    noisy = losses(healthy(), 2.0 * np.exp(0.4 * NOISE))
    assert findings(RULE, few_epochs(noisy, 2.4, 2.0, 1.6)) == ()
    (finding,) = findings(RULE, few_epochs(stuck(healthy()), 9.0, 2.3, 2.299))
    assert finding.severity == "warning", "what fell in the first epoch only is warm-up"


def test_a_loss_whose_epochs_fall_a_little_is_not_said_to_rise():
    rising = losses(healthy(), 2.0 + STEPS / 8000 + 0.02 * NOISE)
    (finding,) = findings(RULE, few_epochs(rising, 2.05, 2.02, 2.01))
    assert finding.message == (
        "The loss hardly falls: from 2.05 (mean of the first epoch) to 2.01 (mean of the last epoch)."
    )
    assert finding.severity == "warning"


def test_negative_losses_are_judged_alike():
    assert findings(RULE, losses(healthy(), 1.0 - 5 * STEPS / STEPS[-1])) == ()
    assert findings(RULE, losses(healthy(), -3.0 + 0.001 * NOISE))[0].severity == "error"


def test_a_loss_of_zero_throughout_is_no_crash():
    assert verdict(RULE, losses(healthy(), 0.0)).status in ("pass", "fail")


def test_noise_that_could_hide_a_fall_gives_no_verdict():
    result = verdict(RULE, losses(healthy(), 2.3 * (1 + 0.9 * np.abs(NOISE) * np.sign(np.sin(np.arange(28))))))
    assert result.status in ("no_data", "pass")


def test_epochs_are_preferred_where_there_are_enough():
    noisy = losses(healthy(), 2.3 * np.exp(0.5 * NOISE))
    assert findings(RULE, with_epochs(noisy, [2.3, 2.31, 2.3, 2.29, 2.3, 2.3, 2.31, 2.3, 2.3, 2.3]))[0].limit == 0.01
    assert findings(RULE, with_epochs(noisy, np.linspace(2.3, 1.2, 10))) == ()


def test_the_first_of_ten_epochs_ends_with_the_warm_up():
    (finding,) = findings(RULE, with_epochs(replace(stuck(healthy()), steps=1000), [2.3] * 10))
    assert (finding.first_step, finding.last_step) == (99, 999)


def test_better_than_trivial_has_converged_and_trivial_has_not():
    losses_flat = np.where(STEPS < 8, 2.4, 2.3)
    at_chance = with_classes(losses(healthy(), losses_flat), [10] * 10)
    assert len(findings(RULE, at_chance)) == 1
    assert len(findings(RULE, losses(at_chance, np.where(STEPS < 8, 50.0, 2.3)))) == 1
    assert findings(RULE, losses(at_chance, np.where(STEPS < 8, 2.1, 1.9))) == ()


def test_targets_spread_is_what_a_squared_error_is_measured_by():
    run = losses(healthy(), np.where(STEPS < 8, 900.0, 4.0))
    run = replace(run, model=replace(run.model, compile={"losses": [{"class_name": "MeanSquaredError"}]}))
    assert findings(RULE, with_spread(run, 2.0))[0].severity == "warning"
    assert findings(RULE, with_spread(run, 5.0)) == ()


def test_a_short_or_unmeasured_run_cannot_be_judged():
    assert verdict(RULE, replace(stuck(healthy()), steps=20)).status == "no_data"
    assert verdict(RULE, unmeasured(healthy())).status == "no_data"


def test_thinning_does_not_change_the_verdict():
    assert len(findings(RULE, thin(stuck(healthy()), 3))) == 1


def test_a_run_that_goes_on_may_still_begin_to_fall():
    run = replace(stuck(healthy()), finished=False)
    assert findings(RULE, run)[0].severity == "warning"
    assert findings(RULE, replace(run, steps=1000))[0].severity == "error"


def test_a_loss_that_was_compiled_anew_is_not_compared_with_the_one_before():
    run = losses(healthy(), np.where(STEPS < 500, 2.3 * np.exp(-STEPS / 200), 30 * np.exp(-STEPS / 300)))
    assert findings(RULE, run)[0].message.startswith("The loss rises")
    assert findings(RULE, replace(run, loss_since=500)) == ()


def test_a_resumed_run_is_judged_by_the_steps_that_were_seen():
    steps = 5000 + STEPS
    resumed = replace(stuck(healthy(steps=steps)), loss_since=5000)
    (finding,) = findings(RULE, resumed)
    assert (finding.severity, finding.first_step) == ("warning", 5100)
    assert "from 2.304 (median of the first 3 samples since step 5,000) to 2.295 (" in finding.message
    assert verdict(RULE, replace(resumed, steps=5020)).reason == "20 steps are too few to call a loss stalled"


def test_a_few_epochs_tell_it_where_hardly_any_step_was_sampled_late():
    steps = np.array([*range(12), 300, 700])
    run = stuck(healthy(steps=steps))
    assert verdict(RULE, run).status == "no_data"
    flat = with_epochs(run, [2.31, 2.3, 2.3, 2.3, 2.3])
    assert findings(RULE, flat)[0].severity == "error"
    assert findings(RULE, with_epochs(run, [2.3, 2.0, 1.7, 1.6, 1.5])) == ()
    assert findings(RULE, with_epochs(run, [2.31, 2.3, 2.3]))[0].severity == "error"
    assert findings(RULE, with_epochs(run, [2.4, 2.0, 1.7])) == ()
    assert verdict(RULE, with_epochs(run, [2.3, 2.3])).status == "no_data"


def test_a_loss_that_has_fallen_by_its_epochs_has_converged_whatever_the_early_samples_were():
    run = stuck(healthy(steps=np.array([*range(20), 900])))
    assert findings(RULE, with_epochs(run, [1.2, 1.2, 1.2])) == ()


def test_the_losses_of_adversaries_may_stay():
    run = replace(losses(healthy(model(losses=[])), 0.7), epochs=(Epoch(0, 951, {"loss": 0.7, "d_loss": 1.4}),))
    assert verdict(RULE, run).reason.startswith("the loss is one of several")
    assert len(findings(RULE, replace(run, epochs=(Epoch(0, 951, {"loss": 0.7}),)))) == 1
