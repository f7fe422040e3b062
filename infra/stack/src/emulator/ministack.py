"""MiniStack with patches where its version 1.5.33 differs from AWS.

Remove each patch when a newer version no longer needs it. Tests fail without it.
"""

import asyncio
import collections
import contextvars
import copy
import json
import os
import random
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from ministack import app
from ministack.core import persistence
from ministack.services import apigateway, dynamodb, lambda_svc, sqs


def patch_failed_stream_records():
    """A function may report failed records of a batch from a table's stream. MiniStack ignores the report. AWS retries
    from the first failed record. The patch retries the whole batch."""
    execute = lambda_svc._execute_function

    def execute_function(function, event):
        result = execute(function, event)
        records = event.get("Records") if isinstance(event, dict) else None
        from_stream = bool(records) and records[0].get("eventSource") == "aws:dynamodb"
        body = result.get("body") if isinstance(result, dict) else None
        if from_stream and isinstance(body, dict) and body.get("batchItemFailures"):
            return {**result, "error": True}
        return result

    lambda_svc._execute_function = execute_function


def patch_streams_over_restarts():
    """Over a restart, MiniStack keeps the read position of a stream, but not its records: unread records are lost, and
    as many new ones as were read before are skipped."""
    get_state, load_state = dynamodb.get_state, dynamodb.load_persisted_state

    def get_state_with_streams():
        records, trimmed = copy.deepcopy(dynamodb._stream_records), copy.deepcopy(dynamodb._stream_trimmed)
        return {**get_state(), "stream_records": records, "stream_trimmed": trimmed}

    def load_state_with_streams(state):
        load_state(state)
        dynamodb._stream_records.update(state.get("stream_records", {}))
        dynamodb._stream_trimmed.update(state.get("stream_trimmed", {}))

    dynamodb.get_state, dynamodb.load_persisted_state = get_state_with_streams, load_state_with_streams


def patch_queue_urls_over_restarts():
    """MiniStack identifies queues by URLs with its port, so functions do not receive from queues that were created with
    another port. With the patch, stored URLs have a constant port. Responses have the port of the request."""
    sqs.DEFAULT_PORT = "4566"
    sqs._CANONICAL_NETLOC = f"{sqs.DEFAULT_HOST}:{sqs.DEFAULT_PORT}"


def patch_proxied_responses():
    """API Gateway passes on all headers of an HTTP integration but those of the connection. MiniStack passes on only
    the content type, and no header of an error. It also reads the body of an error on its event loop, which is a
    deadlock if the integration is its own load balancer."""
    invoke, urlopen = apigateway._invoke_http_proxy, apigateway._urlopen_async
    proxied_headers = contextvars.ContextVar("proxied_headers", default=None)
    not_passed_on = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}

    def send(request, timeout):
        try:
            response = urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return response.status, dict(response.headers.items()), response.read()

    async def send_and_note(request, timeout):
        noted = proxied_headers.get()
        if noted is None:
            return await urlopen(request, timeout)
        status, headers, body = await asyncio.to_thread(send, request, timeout)
        noted.update({name.title(): value for name, value in headers.items() if name.lower() not in not_passed_on})
        return status, headers, body

    async def invoke_http_proxy(*arguments):
        noted = {}
        token = proxied_headers.set(noted)
        try:
            status, headers, body = await invoke(*arguments)
        finally:
            proxied_headers.reset(token)
        return status, {**headers, **noted}, body

    apigateway._invoke_http_proxy, apigateway._urlopen_async = invoke_http_proxy, send_and_note


def save_regularly(interval=10, limit=60):
    """MiniStack saves its state only when it stops. With the patch, a crash loses at most what happened since the last
    save. A forked copy of the process saves, so that no request waits and all parts of the state are of one moment. A
    lock of another thread may be held in the copy for good, so it has a limit of seconds."""
    saving, save_all = threading.Lock(), app.save_all

    def save_copy():
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # else the port stays in use if the original dies
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(limit)
        save_all(app._build_persistence_save_dict())

    def save_again_and_again():
        while True:
            time.sleep(interval)
            with saving:
                copied = os.fork()
                if copied == 0:
                    try:
                        save_copy()
                    finally:
                        os._exit(0)
                os.waitpid(copied, 0)

    def save_last(state):
        saving.acquire()  # for good: no older state may replace this one
        save_all(state)

    if persistence.PERSIST_STATE:
        app.save_all = save_last
        threading.Thread(target=save_again_and_again, daemon=True).start()


class Meter:
    """Counter of billed calls, by service, action and resource. Served at `/_shop/calls`.

    `calls` is the number of requests. `units` are half request units of DynamoDB, or milliseconds of a function.
    `bytes` is the size of the bodies of requests and responses, or of the log of a function."""

    READS = ("GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems")
    WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")

    def __init__(self):
        self.lock = threading.Lock()
        self.entries = collections.defaultdict(lambda: {"calls": 0, "units": 0, "bytes": 0})

    def count(self, service, action, resource, calls=1, units=0, size=0):
        with self.lock:
            entry = self.entries[f"{service} {action} {resource}"]
            entry["calls"] += calls
            entry["units"] += units
            entry["bytes"] += size

    def report(self):
        with self.lock:
            return json.dumps(self.entries).encode()

    def table(self, request):
        """The table of a request, or the tables of a batch or transaction."""
        members = [next(iter(member.values())) for member in request.get("TransactItems", [])]
        tables = [member.get("TableName", "") for member in members] or list(request.get("RequestItems", []))
        return request.get("TableName") or ",".join(sorted(set(tables)))

    def half_units(self, action, request, status, response):
        """Half request units of a call. MiniStack reports the units of a write, but ignores the size of a read. A
        rejected write is billed like a successful one. Its size is unknown here, so the minimum is counted."""
        in_transaction = 2 if action.startswith("Transact") else 1
        if action in self.READS:
            if "Responses" not in response:
                reads = [response.get("Items", [response.get("Item", {})])]
            elif action == "TransactGetItems":
                reads = [[member.get("Item", {})] for member in response["Responses"]]
            else:
                reads = [[item] for items in response["Responses"].values() for item in items]
            strong = 2 if request.get("ConsistentRead") or in_transaction == 2 else 1
            sizes = [sum(map(dynamodb._item_size_bytes, items)) for items in reads]
            return sum(max(1, -(-size // 4096)) for size in sizes) * strong * in_transaction
        if status != 200:
            return 2 * in_transaction * max(1, len(request.get("TransactItems", [])))
        consumed = response.get("ConsumedCapacity", [])
        consumed = consumed if isinstance(consumed, list) else [consumed]
        return round(2 * sum(table["CapacityUnits"] for table in consumed))

    def of_service(self, service, handler):
        """Returns the handler of a service with counted requests."""

        async def handle(method, path, headers, body, query):
            action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
            try:
                request = json.loads(body) if action else dict(urllib.parse.parse_qsl(body.decode()))
            except ValueError:
                request = {}
            action = action or request.get("Action") or method
            on_items = service == "dynamodb" and action in self.READS + self.WRITES
            if on_items:
                body = json.dumps({**request, "ReturnConsumedCapacity": "INDEXES"}).encode()
            status, response_headers, response = await handler(method, path, headers, body, query)
            raw = response.encode() if isinstance(response, str) else response if isinstance(response, bytes) else b""
            units = 0
            if on_items:
                units = self.half_units(action, request, status, json.loads(raw) if status == 200 else {})
            if service == "sqs" and action == "ReceiveMessage" and b'"Messages"' not in raw:
                action = "ReceiveMessage-empty"
            resource = next((request[name] for name in ("QueueUrl", "TopicArn", "KeyId") if name in request), "")
            resource = self.table(request) if on_items else resource.replace(":", "/").rsplit("/", 1)[-1]
            self.count(service, action, resource, units=units, size=len(body) + len(raw))
            return status, response_headers, response

        return handle

    def of_proxy(self, service, handler):
        """Returns the handler of API Gateway or a load balancer with counted requests. It returns None for requests to
        other services."""

        async def handle(host, path, method, headers, body, *rest, **options):
            response = await handler(host, path, method, headers, body, *rest, **options)
            if response is not None:
                raw = response[2] if isinstance(response[2], (bytes, str)) else b""
                route = path.partition("/v1/")[2].split("/")[0] or "other"
                self.count(service, method, route, size=len(body) + len(raw))
            return response

        return handle


def count_calls():
    """Counts the calls that AWS would bill. These include the calls of an event source mapping to a queue, but neither
    its reads of a stream nor the deliveries of a topic to a queue."""
    meter = Meter()
    for service in ("dynamodb", "sqs", "sns", "kms", "s3", "sesv2", "secretsmanager", "ssm"):
        if service in app.SERVICE_HANDLERS:
            app.SERVICE_HANDLERS[service] = meter.of_service(service, app.SERVICE_HANDLERS[service])
    app._handle_execute_api_request = meter.of_proxy("apigateway", app._handle_execute_api_request)
    app._handle_alb_request = meter.of_proxy("alb", app._handle_alb_request)
    receive, delete = sqs._receive_messages_for_esm, sqs._delete_messages_for_esm
    invoke, before_body = lambda_svc._execute_function_dispatch, app._handle_pre_body_request

    def receive_for_function(queue_url, *arguments):
        batch = receive(queue_url, *arguments)
        if batch:
            meter.count("sqs", "ReceiveMessage", queue_url.rsplit("/", 1)[-1])
        return batch

    def delete_for_function(queue_url, handles):
        meter.count("sqs", "DeleteMessageBatch", queue_url.rsplit("/", 1)[-1], calls=-(-len(handles) // 10))
        return delete(queue_url, handles)

    def invoke_function(function, config, *arguments):
        began = time.monotonic()
        result = invoke(function, config, *arguments)
        milliseconds, log = round((time.monotonic() - began) * 1000), str(result.get("log") or "")
        meter.count("lambda", "Invoke", config.get("FunctionName"), units=milliseconds, size=len(log.encode()))
        return result

    async def serve_report(method, path, *arguments):
        if path == "/_shop/calls":
            return 200, {"Content-Type": "application/json"}, meter.report()
        return await before_body(method, path, *arguments)

    sqs._receive_messages_for_esm, sqs._delete_messages_for_esm = receive_for_function, delete_for_function
    lambda_svc._execute_function_dispatch, app._handle_pre_body_request = invoke_function, serve_report


class Throttle:
    """Refusals of calls, as AWS throttles. `POST /_shop/throttle/dynamodb/30/10` refuses 30 % of the calls to DynamoDB
    for 10 seconds. Any request to `/_shop/throttle` returns the number of refused calls by service."""

    XML = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>'
        "<Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"
    )

    def __init__(self):
        self.current = {}
        self.refused = collections.Counter()

    def of_service(self, service, handler):
        """Returns the handler of a service, which refuses calls while it is told so."""

        async def handle(method, path, headers, body, query):
            percent, until = self.current.get(service, (0, 0))
            if time.monotonic() > until or random.random() * 100 >= percent:
                return await handler(method, path, headers, body, query)
            self.refused[service] += 1
            if "x-amz-target" not in headers:
                return 400, {"Content-Type": "text/xml"}, self.XML.encode()
            error = {"__type": "com.amazon.coral.availability#ThrottlingException", "message": "Rate exceeded"}
            return 400, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(error).encode()

        return handle

    def install(self):
        for service in ("dynamodb", "sqs", "sns"):
            app.SERVICE_HANDLERS[service] = self.of_service(service, app.SERVICE_HANDLERS[service])
        before_body = app._handle_pre_body_request

        async def control(method, path, *arguments):
            if not path.startswith("/_shop/throttle"):
                return await before_body(method, path, *arguments)
            if method == "POST":
                service, percent, seconds = path.split("/")[3:6]
                self.current[service] = (float(percent), time.monotonic() + float(seconds))
            return 200, {"Content-Type": "application/json"}, json.dumps(self.refused).encode()

        app._handle_pre_body_request = control


patch_failed_stream_records()
patch_queue_urls_over_restarts()
patch_proxied_responses()
patch_streams_over_restarts()
count_calls()
Throttle().install()
save_regularly()
app.main()
