"""Patches of MiniStack 1.5.33 where its IAM (`AUTH=true`) differs from AWS.

Remove each patch when a newer version no longer needs it. Tests fail without it.
"""

import email.utils
import json
import time

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam


def trust_the_loopback():
    """Policies deny requests without TLS. MiniStack has no TLS, but listens only on loopback, so all of its requests
    count as secure."""
    pin = app.pin_request_origin
    app.pin_request_origin = lambda address, _secure: pin(address, True)


def serve_role_credentials():
    """ECS serves the credentials of a task's role at a URL of the task. MiniStack serves credentials without a role.
    With the patch, `/v2/credentials/<role>` returns the credentials of the role, if its trust policy allows ECS or
    Lambda to assume it for this account."""
    handle = app.SERVICE_HANDLERS["imds"]
    runtimes = {"ecs-tasks.amazonaws.com", "lambda.amazonaws.com"}

    def trusts_a_runtime(role):
        policy, account = role["AssumeRolePolicyDocument"], get_account_id()
        root = f"arn:aws:iam::{account}:root"  # MiniStack evaluates services as the root
        context = iam_evaluator.EvalContext(
            principal_arn=root, principal_type="Service", principal_account=account, action="sts:AssumeRole",
            resource_arn=role["Arn"], region=get_region(), service_context={"aws:sourceaccount": account})
        trusted = {statement["Principal"].get("Service") for statement in json.loads(policy)["Statement"]}
        return trusted <= runtimes and iam_evaluator.evaluate_trust_policy(policy, root, context)

    async def credentials(method, path, headers, body, query):
        name = path.removeprefix("/v2/credentials/")
        role = iam._roles.get(name)
        if name == path or role is None:
            return await handle(method, path, headers, body, query)
        if not trusts_a_runtime(role):
            message = json.dumps({"message": f"neither ECS nor Lambda may assume the role {name}"})
            return 403, {"Content-Type": "application/json"}, message.encode()
        # A session without expiry, like the sessions of functions, for the name of a function that does not exist.
        function = f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:task-{name}"
        session = lambda_runtime.execution_credentials(
            {"Role": role["Arn"], "FunctionArn": function, "FunctionName": f"task-{name}"})
        response = {
            "RoleArn": role["Arn"],
            "AccessKeyId": session["AWS_ACCESS_KEY_ID"],
            "SecretAccessKey": session["AWS_SECRET_ACCESS_KEY"],
            "Token": session["AWS_SESSION_TOKEN"],
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6 * 3600)),
        }
        return 200, {"Content-Type": "application/json"}, json.dumps(response).encode()

    app.SERVICE_HANDLERS["imds"] = credentials


def authorize_batches_as_single_calls():
    """SNS and SQS authorize batches by the permission of the single call."""
    extract = iam_actions.extract_iam_action

    def extract_iam_action(service, *arguments):
        action = extract(service, *arguments)
        return action.removesuffix("Batch") if service in ("sns", "sqs") and action else action

    iam_actions.extract_iam_action = extract_iam_action


def provide_signing_algorithm():
    """Policies may restrict the signing algorithm of a key. MiniStack lacks this condition key."""
    context = iam_actions.request_tag_context

    def request_context(service, action, body, *arguments):
        known = context(service, action, body, *arguments)
        if action == "kms:Sign":
            known["kms:SigningAlgorithm"] = json.loads(body).get("SigningAlgorithm")
        return known

    iam_actions.request_tag_context = request_context


def authorize_mails_by_sender():
    """SES authorizes a mail by the identity of its sender, and policies may restrict the address. MiniStack does
    neither."""
    enforce = app._enforce_ses_v2

    def enforce_ses_v2(method, path, headers, body, query, request_id):
        if path != "/v2/email/outbound-emails":
            return enforce(method, path, headers, body, query, request_id)
        _, address = email.utils.parseaddr(json.loads(body).get("FromEmailAddress", ""))
        identity = f"arn:aws:ses:{get_region()}:{get_account_id()}:identity/{address.rpartition('@')[2]}"
        return app._enforce_data_plane(
            "sesv2", "ses:SendEmail", headers, query, request_id, resource_arn=identity, named_resource=identity,
            service_context={"ses:FromAddress": address})

    app._enforce_ses_v2 = enforce_ses_v2


if app.AUTH:
    provide_signing_algorithm()
    authorize_mails_by_sender()
    authorize_batches_as_single_calls()
    trust_the_loopback()
    serve_role_credentials()
