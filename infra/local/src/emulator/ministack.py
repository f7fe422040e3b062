"""MiniStack, mended where its version 1.5.33 does otherwise than AWS.

Each mend goes when a newer version no longer needs it; tests fail without it.
"""

import asyncio
import contextvars
import copy
import urllib.error
import urllib.request

from ministack.app import main
from ministack.services import apigateway, dynamodb, lambda_svc


def mend_failed_stream_records():
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


def mend_streams_over_restarts():
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


def mend_proxied_answers():
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


mend_failed_stream_records()
mend_proxied_answers()
mend_streams_over_restarts()
main()
