# Values of resources that a rule has to distinguish within one root module: queues, dead-letter queues, topics. Other
# resources share the values in aws.tfmock.hcl.

override_resource {
  target = module.inbox.aws_sqs_queue.this
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:inbox"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/inbox"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/inbox"
  }
}

override_resource {
  target = module.inbox.aws_sqs_queue.dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:inbox-dlq"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/inbox-dlq"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/inbox-dlq"
  }
}

override_resource {
  target = module.queues["order-inbox"].aws_sqs_queue.this
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:order-inbox"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/order-inbox"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/order-inbox"
  }
}

override_resource {
  target = module.queues["order-inbox"].aws_sqs_queue.dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:order-inbox-dlq"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/order-inbox-dlq"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/order-inbox-dlq"
  }
}

override_resource {
  target = module.reservations.aws_sqs_queue.this
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:reservations"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/reservations"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/reservations"
  }
}

override_resource {
  target = module.reservations.aws_sqs_queue.dead_letters
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:reservations-dlq"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/reservations-dlq"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/reservations-dlq"
  }
}

override_resource {
  target = module.relay.module.function.aws_sqs_queue.failures[0]
  values = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:relay-failures-dlq"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/relay-failures-dlq"
    id  = "https://sqs.eu-central-1.amazonaws.com/111122223333/relay-failures-dlq"
  }
}

override_resource {
  target = aws_sns_topic.events["user-events"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-user-events" }
}

override_resource {
  target = aws_sns_topic.events["product-events"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-product-events" }
}

override_resource {
  target = aws_sns_topic.events["order-events"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events" }
}

override_resource {
  target = aws_sns_topic.events["payment-events"]
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-payment-events" }
}

override_resource {
  target = aws_sns_topic.alarms
  values = { arn = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms" }
}

override_resource {
  target = module.function.aws_lambda_alias.live
  values = {
    arn        = "arn:aws:lambda:eu-central-1:111122223333:function:function:live"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:function:live/invocations"
  }
}

override_resource {
  target = module.relay.module.function.aws_lambda_alias.live
  values = {
    arn        = "arn:aws:lambda:eu-central-1:111122223333:function:relay:live"
    invoke_arn = "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-central-1:111122223333:function:relay:live/invocations"
  }
}
