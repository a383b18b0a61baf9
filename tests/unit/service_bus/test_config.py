"""The broker's configuration is read as it is commented, and a wrong file refused with its place."""

from pathlib import Path

import pytest

from emulation.service_bus import config as configuration
from emulation.service_bus.config import (
    BrokerConfig,
    CorrelationFilter,
    Key,
    Milliseconds,
    QueueConfig,
    RuleConfig,
    SubscriptionConfig,
    TopicConfig,
    convert,
    load,
    parse_duration,
    to_builtins,
)
from emulation.service_bus.toml import dump

SAMPLE = Path(configuration.__file__).parent / "sample.toml"


def test_the_sample_is_read_as_it_is_commented():
    config = load(SAMPLE)
    events, orders = config.queues
    assert events.lock_duration == 60_000
    assert events.default_ttl == 14 * 86_400_000
    assert events.keys == (Key(name="receiver", key="another-secret", rights=("listen",)),)
    assert orders.requires_session
    everything, large = config.topics[0].subscriptions
    assert everything.rules is None
    assert [rule.name for rule in large.rules] == ["large", "from-usmf"]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("30s", 30_000), ("1h30m", 5_400_000), ("250ms", 250), (5, 5000), (0.5, 500), ("1.5s", 1500)],
)
def test_durations(text, milliseconds):
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "soon", "5", "5 s", "1h30", "-5s", True])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ('[[queues]]\nname = "q"\nlock = "1m"\n', "lock"),
        ('[[queues]]\nname = "q"\nlock_duration = "soon"\n', "lock_duration"),
        ("[[queues]]\n", "name"),
        ("queues = 1\n", "queues"),
        ("= 1", "TOML|Invalid"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, document, place):
    path = tmp_path / "wrong.toml"
    path.write_text(document)
    with pytest.raises(ValueError, match=place):
        load(path)


def test_a_configuration_survives_being_written_as_toml(tmp_path):
    rules = (
        RuleConfig(name="a", sql="x = 'y'", action="SET z = 1"),
        RuleConfig(name="b", correlation=CorrelationFilter(label="ä\"'\\", properties={"n": 1, "t": True})),
    )
    config = BrokerConfig(
        keys=(Key(name="k", key="s", rights=("send",)),),
        queues=(QueueConfig(name="q", default_ttl=Milliseconds(1500), forward_to="r"), QueueConfig(name="r")),
        topics=(TopicConfig(name="t", subscriptions=(SubscriptionConfig(name="s", rules=rules),)),),
    )
    path = tmp_path / "written.toml"
    path.write_text(dump(to_builtins(config)), encoding="utf-8")
    assert load(path) == config
    assert convert(to_builtins(config), BrokerConfig) == config
