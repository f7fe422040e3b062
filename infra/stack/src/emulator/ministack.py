"""MiniStack, patched where its version 1.5.33 differs from AWS.

Each patch is removed when a newer version no longer needs it. Tests fail without it.
"""

import asyncio
import collections
import contextvars
import copy
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from ministack import app
from ministack.services import apigateway, dynamodb, lambda_svc, sqs


def patch_failed_stream_records():
    """A function may report the failed records of a batch from a table's stream. MiniStack reads past them all the
    same. AWS delivers again from the first failed record on; here, the whole batch is delivered again."""
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
    """MiniStack keeps how far a stream was read over a restart, but not the stream: records that were not read yet
    are lost, and as many new ones as were ever read before are skipped."""
    get_state, load_state = dynamodb.get_state, dynamodb.load_persisted_state

    def get_state_with_streams():
        records, trimmed = copy.deepcopy(dynamodb._stream_records), copy.deepcopy(dynamodb._stream_trimmed)
        return {**get_state(), "stream_records": records, "stream_trimmed": trimmed}

    def load_state_with_streams(state):
        load_state(state)
        dynamodb._stream_records.update(state.get("stream_records", {}))
        dynamodb._stream_trimmed.update(state.get("stream_trimmed", {}))

    dynamodb.get_state, dynamodb.load_persisted_state = get_state_with_streams, load_state_with_streams


def patch_proxied_answers():
    """Of an answer that API Gateway passes on from an HTTP integration, MiniStack keeps the content type alone, and of
    an error not even that; AWS passes on all headers but those of the connection. It also reads the body of an error
    on its event loop, and so waits for itself where the integration is its own load balancer."""
    invoke, urlopen = apigateway._invoke_http_proxy, apigateway._urlopen_async
    proxied_headers = contextvars.ContextVar("proxied_headers", default=None)
    not_passed_on = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}

    def send(request, timeout):
        try:
            answer = urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, dict(answer.headers.items()), answer.read()

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


class Meter:
    """What AWS would bill, by service, action and what it is about. Told at `/_shop/calls`.

    `calls` are requests that were served. `units` are halves of a request unit of DynamoDB, and milliseconds of a
    function. `bytes` are the bodies of requests and answers, and what a function logs."""

    READS = ("GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems")
    WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")

    def __init__(self):
        self.lock = threading.Lock()
        self.entries = collections.defaultdict(lambda: {"calls": 0, "units": 0, "bytes": 0})

    def count(self, service, action, about, calls=1, units=0, size=0):
        with self.lock:
            entry = self.entries[f"{service} {action} {about}"]
            entry["calls"] += calls
            entry["units"] += units
            entry["bytes"] += size

    def told(self):
        with self.lock:
            return json.dumps(self.entries).encode()

    def table(self, request):
        """The table of a request. All of a transaction are in one, for every service has one."""
        members = [next(iter(member.values())) for member in request.get("TransactItems", [])]
        tables = [member.get("TableName", "") for member in members] or list(request.get("RequestItems", []))
        return request.get("TableName") or ",".join(sorted(set(tables)))

    def half_units(self, action, request, status, answer):
        """MiniStack says what a write takes, but of a read nothing that heeds the size. A refused write takes what it
        would have taken, of which the least is counted."""
        in_transaction = 2 if action.startswith("Transact") else 1
        if action in self.READS:
            if "Responses" not in answer:
                reads = [answer.get("Items", [answer.get("Item", {})])]
            elif action == "TransactGetItems":
                reads = [[member.get("Item", {})] for member in answer["Responses"]]
            else:
                reads = [[item] for items in answer["Responses"].values() for item in items]
            strong = 2 if request.get("ConsistentRead") or in_transaction == 2 else 1
            sizes = [sum(map(dynamodb._item_size_bytes, items)) for items in reads]
            return sum(max(1, -(-size // 4096)) for size in sizes) * strong * in_transaction
        if status != 200:
            return 2 * in_transaction * max(1, len(request.get("TransactItems", [])))
        taken = answer.get("ConsumedCapacity", [])
        return round(2 * sum(table["CapacityUnits"] for table in (taken if isinstance(taken, list) else [taken])))

    def of_service(self, service, handler):
        """`handler` of a service's requests, counted."""

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
            status, answer_headers, answer = await handler(method, path, headers, body, query)
            raw = answer.encode() if isinstance(answer, str) else answer if isinstance(answer, bytes) else b""
            units = 0
            if on_items:
                units = self.half_units(action, request, status, json.loads(raw) if status == 200 else {})
            if service == "sqs" and action == "ReceiveMessage" and b'"Messages"' not in raw:
                action = "ReceiveMessage-empty"
            about = next((request[name] for name in ("QueueUrl", "TopicArn", "KeyId") if name in request), "")
            about = self.table(request) if on_items else about.replace(":", "/").rsplit("/", 1)[-1]
            self.count(service, action, about, units=units, size=len(body) + len(raw))
            return status, answer_headers, answer

        return handle

    def of_door(self, service, door):
        """`door` answers what is for it, and nothing else."""

        async def handle(host, path, method, headers, body, *rest, **options):
            answer = await door(host, path, method, headers, body, *rest, **options)
            if answer is not None:
                raw = answer[2] if isinstance(answer[2], (bytes, str)) else b""
                route = path.partition("/v1/")[2].split("/")[0] or "other"
                self.count(service, method, route, size=len(body) + len(raw))
            return answer

        return handle


def count_calls():
    """Counts what AWS would bill. What AWS does by itself is counted where it bills that: what an event source mapping
    asks of a queue, but not what it reads of a stream, nor what a topic delivers to a queue."""
    meter = Meter()
    for service in ("dynamodb", "sqs", "sns", "kms", "s3", "sesv2", "secretsmanager", "ssm"):
        if service in app.SERVICE_HANDLERS:
            app.SERVICE_HANDLERS[service] = meter.of_service(service, app.SERVICE_HANDLERS[service])
    app._handle_execute_api_request = meter.of_door("apigateway", app._handle_execute_api_request)
    app._handle_alb_request = meter.of_door("alb", app._handle_alb_request)
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
        took, logged = round((time.monotonic() - began) * 1000), str(result.get("log") or "")
        meter.count("lambda", "Invoke", config.get("FunctionName"), units=took, size=len(logged.encode()))
        return result

    async def tell(method, path, *arguments):
        if path == "/_shop/calls":
            return 200, {"Content-Type": "application/json"}, meter.told()
        return await before_body(method, path, *arguments)

    sqs._receive_messages_for_esm, sqs._delete_messages_for_esm = receive_for_function, delete_for_function
    lambda_svc._execute_function_dispatch, app._handle_pre_body_request = invoke_function, tell


patch_failed_stream_records()
patch_proxied_answers()
patch_streams_over_restarts()
count_calls()
app.main()
