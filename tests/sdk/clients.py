"""The official clients behind one face, and what is checked of every answer that they get.

`Api.call` sends an operation through the SDK's own typed method or request class and gives back the SDK's typed
model of the answer. Whatever the SDK raises comes out as `Refused`, with the SDK's exception inside.
"""

import asyncio
import collections
import json
import re
import typing

import pytest
from alibabacloud_dataworks_public20200518 import models
from alibabacloud_dataworks_public20200518.client import Client
from aliyunsdkcore.acs_exception.exceptions import ServerException as CoreServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.model import DaraModel
from darabonba.runtime import RuntimeOptions

# The typed method of each operation.
METHODS = {
    method.__annotations__["request"].removeprefix("main_models.").removesuffix("Request"): name
    for name, method in vars(Client).items()
    if not name.endswith(("_async", "_with_options")) and "request" in getattr(method, "__annotations__", {})
}

REQUEST_ID = re.compile("[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")

# Who was called how, with what end: (client, operation, "success" or "failure").
OUTCOMES = collections.Counter()

# Refusals that say nothing of the operation: they come before it is looked at, or a fault rule makes them.
OF_THE_GATEWAY = (
    "InvalidAccessKeyId",
    "InvalidTimeStamp",
    "InvalidSecurityToken",
    "MissingSecurityToken",
    "Signature",
    "Incomplete",
    "InvalidAccessKeySecret",
    "Throttling",
    "Internal",
    "ServiceUnavailable",
    "NotEmulated",
    "InvalidAction",
)


class Refused(Exception):
    """An error of the service, as the SDK tells it."""

    def __init__(self, original, status, code, message, request_id=None, retry_after=None):
        super().__init__(f"{status} {code}: {message}")
        self.original = original
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after


class Failed(Exception):
    """A failure in the body of an answer with HTTP 200."""


class Api:
    """What both kinds of client have in common."""

    def call(self, operation, **params):
        """Calls and expects a success; gives back the body."""
        body = self.answer(operation, **params)
        if failure_of(body) is not None:
            raise Failed(f"{operation}: {failure_of(body)}")
        return body

    def fails(self, operation, **params):
        """Calls and expects a failure with HTTP 200; gives back its message."""
        body = self.answer(operation, **params)
        assert failure_of(body) is not None, f"{operation} went well: {body.to_map()}"
        return failure_of(body)

    def refused(self, operation, code, status=400, **params):
        """Calls and expects an error; gives it back."""
        with pytest.raises(Refused) as caught:
            self.answer(operation, **params)
        error = caught.value
        assert (error.code, error.status) == (code, status), error
        assert REQUEST_ID.fullmatch(error.request_id)
        return error

    def answer(self, operation, **params):
        request = getattr(models, f"{operation}Request")(**params)
        try:
            raw = self._send(operation, request)
        except Refused as error:
            if not error.code.startswith(OF_THE_GATEWAY):
                OUTCOMES[self.name, operation, "failure"] += 1
            raise
        body = getattr(models, f"{operation}ResponseBody")().from_map(raw)
        check_model(operation, body)
        check_nothing_is_lost(operation, raw, body.to_map())
        OUTCOMES[self.name, operation, "success" if failure_of(body) is None else "failure"] += 1
        return body


class Listening(Client):
    """The SDK's client, which keeps the last answer as it came."""

    def call_api(self, params, request, runtime):
        answer = super().call_api(params, request, runtime)
        self.last = answer["body"]
        return answer

    async def call_api_async(self, params, request, runtime):
        answer = await super().call_api_async(params, request, runtime)
        self.last = answer["body"]
        return answer


class Tea(Api):
    """The client of today: with either signature, and over either of its two HTTP libraries."""

    def __init__(self, address, name, key="testid", secret="testsecret", token=None):
        self.name = name
        self.client = Listening(
            Config(
                access_key_id=key,
                access_key_secret=secret,
                security_token=token,
                endpoint=address,
                protocol="http",
                signature_algorithm="v2" if name == "v2" else None,
            )
        )

    def _send(self, operation, request):
        return self._run(f"{METHODS[operation]}_with_options", request)

    def send_untyped(self, operation, version, **query):
        """Calls what the SDK has no method for."""
        params = Params(
            action=operation,
            version=version,
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        return self._run("call_api", params, OpenApiRequest(query=query))

    def _run(self, name, *request):
        options = RuntimeOptions(read_timeout=20_000, connect_timeout=5_000)
        try:
            if self.name == "async":
                response = asyncio.run(getattr(self.client, f"{name}_async")(*request, options))
            else:
                response = getattr(self.client, name)(*request, options)
        except AlibabaCloudException as error:
            # The message is dressed up as `code: 400, The parameter is invalid. request id: ...`.
            message = error.message.partition(", ")[2].rpartition(" request id: ")[0]
            raise Refused(
                error,
                error.status_code,
                error.code,
                message,
                error.data.get("RequestId"),
                error.retry_after,
            ) from error
        assert response.status_code == 200
        headers = {key.lower(): value for key, value in response.headers.items()}
        assert headers["content-type"] == "application/json;charset=utf-8"
        assert headers["x-acs-request-id"] == response.body.request_id
        return self.client.last


class Core(Api):
    """The client of the years before, which is still in use."""

    def __init__(self, address, name="core", key="testid", secret="testsecret", token=None):
        self.name = name
        self.host, _, port = address.rpartition(":")
        credential = StsTokenCredential(key, secret, token) if token else AccessKeyCredential(key, secret)
        self.client = AcsClient(region_id="cn-shanghai", credential=credential, port=int(port), timeout=20)

    def _send(self, operation, request):
        module = __import__(f"aliyunsdkdataworks_public.request.v20200518.{operation}Request", fromlist=["*"])
        old = getattr(module, f"{operation}Request")()
        for name, value in request.to_map().items():
            # A list that was not given is an empty one in the map.
            if value != []:
                structured = isinstance(value, (dict, list))
                getattr(old, f"set_{name}")(json.dumps(value) if structured else value)
        return self._run(old)

    def send_untyped(self, operation, version, **query):
        """Calls what the SDK has no class for."""
        request = CommonRequest(domain=self.host, version=version, action_name=operation)
        for name, value in query.items():
            request.add_query_param(name, value)
        return self._run(request)

    def _run(self, request):
        request.set_endpoint(self.host)
        request.set_protocol_type("http")
        try:
            return json.loads(self.client.do_action_with_exception(request))
        except CoreServerException as error:
            raise Refused(
                error, error.http_status, error.error_code, error.message, error.request_id
            ) from error


def connect(name, address, **key):
    return (Core if name == "core" else Tea)(address, name, **key)


def failure_of(body):
    """What a body says went wrong, whichever of the operations' ways it says it in; none if all is well."""
    if str(getattr(body, "success", None)).lower() == "false":
        return getattr(body, "error_message", None) or ""
    connection = getattr(body, "task_list", None)
    if connection is not None and not connection.connect_status:
        return connection.connect_message
    data = getattr(body, "data", None)
    if not isinstance(data, DaraModel):
        return None
    status = getattr(data, "status", None)
    # A real-time task that does not exist has no run status.
    lost = status is None and hasattr(data, "solution_info")
    if lost or str(status).lower() in ("fail", "false"):
        return getattr(data, "message", None) or ""
    return None


def check_model(where, model):
    """Every field of a model holds what the SDK declares for it."""
    for name, declared in typing.get_type_hints(type(model).__init__).items():
        check_value(f"{where}.{name}", getattr(model, name), declared)


def check_value(where, value, declared):
    if value is None or declared is typing.Any:
        return
    origin = typing.get_origin(declared)
    if origin is list:
        assert isinstance(value, list), f"{where} is no list: {value!r}"
        for item in value:
            check_value(f"{where}[]", item, typing.get_args(declared)[0])
    elif origin is dict:
        assert isinstance(value, dict), f"{where} is no map: {value!r}"
        for item in value.values():
            check_value(f"{where}{{}}", item, typing.get_args(declared)[1])
    elif isinstance(declared, type) and issubclass(declared, DaraModel):
        assert isinstance(value, declared), f"{where} is no {declared.__name__}: {value!r}"
        check_model(where, value)
    else:
        allowed = (int, float) if declared is float else declared
        right = isinstance(value, allowed) and (declared is bool or not isinstance(value, bool))
        assert right, f"{where} is no {declared.__name__}: {value!r}"


def check_nothing_is_lost(where, raw, kept):
    """Every field of an answer is one that the SDK's model knows."""
    if isinstance(raw, dict) and isinstance(kept, dict):
        for name, value in raw.items():
            if value is not None:
                # Some models have no place for what an answer says of a failure.
                if raw.get("Success") is False and name.startswith("Error"):
                    continue
                assert name in kept, f"{where}: the SDK knows no {name}"
                check_nothing_is_lost(f"{where}.{name}", value, kept[name])
    elif isinstance(raw, list):
        for one, other in zip(raw, kept, strict=True):
            check_nothing_is_lost(f"{where}[]", one, other)
