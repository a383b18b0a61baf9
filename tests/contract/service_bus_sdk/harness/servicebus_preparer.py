"""Stands in for the SDK tests' preparer: entities come from the local broker instead of Azure Resource Manager.

The decorators keep the names and parameters of the original; nothing is shared between tests, cached or not.
"""

import functools
import inspect
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace

import sdk_namespace
from devtools_testutils import KEY, KEY_NAME

SERVICEBUS_ENDPOINT_SUFFIX = ".servicebus.windows.net"


def seconds(duration):
    """Read the ISO 8601 durations that the tests use, such as PT10S."""
    match = re.fullmatch(r"PT(?:(\d+)M)?(?:(\d+)S)?", duration)
    minutes, rest = (int(part or 0) for part in match.groups())
    return minutes * 60 + rest


def random_name(prefix):
    return f"{prefix or 'sb'}{uuid.uuid4().hex[:10]}"


class Preparer:
    """Adds arguments to a test."""

    def __init__(self, name_prefix="", parameter_name="", **settings) -> None:
        self.prefix = name_prefix
        self.parameter = parameter_name or self.default_parameter
        self.settings = settings

    def __call__(self, test) -> Callable:
        if inspect.iscoroutinefunction(test):

            @functools.wraps(test)
            async def prepared(instance, *arguments, **kwargs):
                return await test(instance, *arguments, **kwargs, **self.prepare(kwargs))

        else:

            @functools.wraps(test)
            def prepared(instance, *arguments, **kwargs):
                return test(instance, *arguments, **kwargs, **self.prepare(kwargs))

        return prepared

    default_parameter = ""

    def prepare(self, known):
        raise NotImplementedError


class CachedServiceBusResourceGroupPreparer(Preparer):
    def prepare(self, known):
        return {}


class ServiceBusNamespacePreparer(Preparer):
    default_parameter = "servicebus_namespace"

    def prepare(self, known):
        name = random_name(self.prefix)
        sdk_namespace.add_host(f"{name}{SERVICEBUS_ENDPOINT_SUFFIX}")
        return {
            self.parameter: SimpleNamespace(name=name),
            f"{self.parameter}_connection_string": connection_string(name, KEY_NAME, KEY),
            f"{self.parameter}_key_name": KEY_NAME,
            f"{self.parameter}_primary_key": KEY,
        }


def connection_string(namespace, key_name, key, entity=None):
    path = f";EntityPath={entity}" if entity else ""
    host = f"{namespace}{SERVICEBUS_ENDPOINT_SUFFIX}"
    return f"Endpoint=sb://{host}/;SharedAccessKeyName={key_name};SharedAccessKey={key}{path}"


def queue_settings(name, given, lock_duration):
    settings = {
        "name": name,
        "dead_letter_on_expiration": bool(given.get("dead_lettering_on_message_expiration")),
        "requires_session": bool(given.get("requires_session")),
        "partitioned": bool(given.get("enable_partitioning")),
        "lock_duration": seconds(given.get("lock_duration") or lock_duration),
    }
    if given.get("requires_duplicate_detection"):
        settings["duplicate_detection"] = "10m"
    return settings


class ServiceBusQueuePreparer(Preparer):
    default_parameter = "servicebus_queue"

    def prepare(self, known):
        name = random_name(self.prefix)
        sdk_namespace.control().create("queue", queue_settings(name, self.settings, "PT30S"))
        return {self.parameter: SimpleNamespace(name=name)}


class ServiceBusTopicPreparer(Preparer):
    default_parameter = "servicebus_topic"

    def prepare(self, known):
        name = random_name(self.prefix)
        sdk_namespace.control().create("topic", {"name": name})
        return {self.parameter: SimpleNamespace(name=name)}


class ServiceBusSubscriptionPreparer(Preparer):
    default_parameter = "servicebus_subscription"

    def prepare(self, known):
        name = random_name(self.prefix)
        topic = known[self.settings.get("servicebus_topic_parameter_name", "servicebus_topic")].name
        sdk_namespace.control().create("subscription", queue_settings(name, self.settings, "PT60S"), topic=topic)
        return {self.parameter: SimpleNamespace(name=name)}


class ServiceBusNamespaceAuthorizationRulePreparer(Preparer):
    default_parameter = "servicebus_authorization_rule"

    def entity(self, known):
        return ""

    def prepare(self, known):
        name, key = random_name(self.prefix), uuid.uuid4().hex
        rights = [
            str(getattr(right, "value", right)).lower() for right in self.settings.get("access_rights", ["manage"])
        ]
        entity = self.entity(known)
        sdk_namespace.create_key(name, key, rights, entity)
        namespace = known["servicebus_namespace"].name
        return {
            self.parameter: SimpleNamespace(name=name),
            f"{self.parameter}_connection_string": connection_string(namespace, name, key, entity),
        }


class ServiceBusQueueAuthorizationRulePreparer(ServiceBusNamespaceAuthorizationRulePreparer):
    default_parameter = "servicebus_queue_authorization_rule"

    def entity(self, known):
        return known[self.settings.get("servicebus_queue_parameter_name", "servicebus_queue")].name


CachedServiceBusNamespacePreparer = ServiceBusNamespacePreparer
CachedServiceBusQueuePreparer = ServiceBusQueuePreparer
CachedServiceBusTopicPreparer = ServiceBusTopicPreparer
CachedServiceBusSubscriptionPreparer = ServiceBusSubscriptionPreparer
ServiceBusResourceGroupPreparer = CachedServiceBusResourceGroupPreparer
