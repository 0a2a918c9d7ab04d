"""tieout.toml: what it refuses, and that it explains itself."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from warehouse.errors import ConfigurationError
from warehouse.settings import DeliveryPolicies, ObjectSettings, Settings, template


def test_an_empty_file_means_the_documented_defaults() -> None:
    settings = Settings.parse({})
    assert settings.company.reporting_currency == "USD"
    assert settings.company.default_entity_currency == "USD"
    assert settings.policies.max_held_contracts_percent == Decimal("0.5")
    assert settings.policies.max_fall_percent == 20
    assert settings.policies.freshness_hours == 36


WAIVER = {"rule": "late", "reason": "being mended", "approved_by": "S. Chen", "expires": "2026-12-31"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"compani": {}}, "unknown key compani, did you mean company?"),
        ({"policies": {"max_fall_percnt": "20"}}, "did you mean max_fall_percent?"),
        ({"sources": {"files": {"enabeld": True}}}, "sources.files.enabeld, did you mean enabled?"),
        (
            {"sources": {"files": {"contracts": {"mod": "full"}}}},
            "sources.files.contracts.mod, did you mean mode?",
        ),
        ({"engine": {"zzz": 1}}, "(known: threads, memory_limit)"),
        ({"waivers": [WAIVER | {"expire": 1}]}, "waivers[1].expire, did you mean expires?"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(data: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse(data)
    assert said in caught.value.message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"policies": {"max_fall_percent": 0.1}}, 'write it in quotes, as in "0.5"'),
        ({"policies": {"max_fall_percent": "many"}}, "it is no decimal number"),
        ({"policies": {"max_fall_percent": "-1"}}, "zero or more"),
        ({"policies": {"max_fall_percent": "NaN"}}, "zero or more"),
        ({"policies": {"freshness_hours": "36"}}, "policies.freshness_hours"),
        ({"company": {"reporting_currency": ""}}, "three capital letters"),
        ({"company": {"reporting_currency": "usd"}}, "three capital letters"),
        ({"company": {"time_zone": "Mars/Base"}}, "IANA time zone"),
        ({"engine": {"memory_limit": "lots"}}, "engine.memory_limit"),
        ({"sources": {"files": {"contracts": {"mode": "all"}}}}, "'full' or 'incremental'"),
        ({"sources": 3}, "sources"),
        ({"policies": {"rows_jumped": "stop"}}, "'block', 'warn' or 'off'"),
        ({"policies": {"defer_on": "payment"}}, "'issue_date', 'due_date' or 'cash_if_cancellable'"),
        ({"policies": {"min_anomaly_rows": -1}}, "policies.min_anomaly_rows"),
        ({"sources": {"files": {"contracts": {"cadence": "hourly"}}}}, "sources.files.contracts.cadence"),
        ({"sources": {"files": {"contracts": {"no_delivery_on": ["25.12.2026"]}}}}, "is no day like"),
        ({"sources": {"files": {"contracts": {"no_delivery_on": ["2026-02-02/2026-02-01"]}}}}, "ends before"),
        ({"waivers": [WAIVER, WAIVER | {"reason": "  "}]}, "waivers[2].reason: it must not be empty"),
        ({"waivers": [WAIVER | {"approved_by": ""}]}, "waivers[1].approved_by: it must not be empty"),
        ({"waivers": [WAIVER | {"expires": "soon"}]}, "waivers[1].expires: it must be a day"),
        ({"waivers": [WAIVER | {"expires": 20261231}]}, "waivers[1].expires: it must be a day"),
        ({"waivers": [{"rule": "late"}]}, "waivers[1].expires: Field required"),
        ({"notifications": [{}]}, "notifications[1]: it must have one of command, webhook_env and email_to"),
        ({"notifications": [{"events": [], "command": ["x"]}]}, "notifications[1].events"),
        ({"notifications": [{"events": ["opened"], "command": ["x"]}]}, "notifications[1].events[1]"),
        ({"notifications": [{"command": "page someone"}]}, "notifications[1].command"),
        (
            {"notifications": [{"email_to": ["a@b.example\nBcc: c@d.example"]}]},
            "notifications[1].email_to[1]: it must be a plain address",
        ),
        (
            {"notifications": [{"email_to": ["a@b.example"], "smtp_user": "u"}]},
            "smtp_user and smtp_password_env belong together",
        ),
        (
            {
                "notifications": [
                    {
                        "email_to": ["a@b.example"],
                        "smtp_user": "u",
                        "smtp_password_env": "P",
                        "smtp_security": "none",
                    }
                ]
            },
            "a password is never sent unencrypted",
        ),
        ({"lake": {"keep_days": 0}}, "lake.keep_days"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(data: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse(data, "ws/tieout.toml")
    assert said in caught.value.message
    assert caught.value.message.startswith("ws/tieout.toml: ")


def test_every_fault_of_a_file_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown key a.*unknown key b"):
        Settings.parse({"a": 1, "b": 2})


def test_text_that_is_no_toml_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "tieout.toml"
    path.write_text("[policies\n")
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        Settings.load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        Settings.load(path)


def test_the_template_sets_nothing_and_all_of_it_can_be_switched_on() -> None:
    assert Settings.parse(tomllib.loads(template())) == Settings()
    # `# key = value` and `# [section]` are settings; every other comment is a sentence.
    switched_on = re.sub(r"(?m)^# (?=[a-z_]+ = |\[)", "", template())
    data = tomllib.loads(switched_on)
    data["sources"]["files"]["contracts"]["mode"] = "full"
    # A channel is one of three kinds.
    for other in ("command", "webhook_env"):
        assert data["notifications"][0].pop(other)
    data["notifications"][0]["smtp_user"] = "tieout"
    assert set(data) == {
        "company",
        "policies",
        "engine",
        "lake",
        "schedule",
        "waivers",
        "notifications",
        "sources",
    }
    settings = Settings.parse(data)
    assert settings.sources["files"].objects["contracts"].version_column == "updated_at"
    assert set(data["policies"]) == set(type(settings.policies).model_fields)


def test_a_secret_in_the_place_of_its_variable_is_refused_and_not_repeated() -> None:
    secret = "https://hooks.example.com/T0/s3cret"
    with pytest.raises(ConfigurationError) as caught:
        Settings.parse({"notifications": [{"webhook_env": secret}]})
    assert "name of an environment variable" in caught.value.message
    assert "s3cret" not in caught.value.message


def test_an_object_can_override_every_policy_for_deliveries() -> None:
    assert set(DeliveryPolicies.model_fields) <= set(ObjectSettings.model_fields)
    data = {"policies": {"rows_fell": "off"}, "sources": {"crm": {"deals": {"rows_fell": "block"}}}}
    settings = Settings.parse(data)
    assert settings.delivery_policies("crm", "deals").rows_fell == "block"
    assert settings.delivery_policies("crm", "deals", is_increment=True).rows_fell == "block"
    assert settings.delivery_policies("crm", "deals").money_fell == "block"
    assert settings.delivery_policies("crm", "deals", is_increment=True).money_fell == "warn"
    assert settings.delivery_policies("crm", "others").rows_fell == "off"
    assert settings.delivery_policies("crm", None).rows_fell == "off"


def test_the_template_shows_each_override_and_explains_them_once() -> None:
    overrides = template().split("# [sources.files.contracts]")[1]
    assert overrides.count("# Instead of the policy of that name.") == 1
    for name in DeliveryPolicies.model_fields:
        assert f"# {name} = " in overrides
