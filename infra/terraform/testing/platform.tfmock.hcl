# SSM parameters of the platform. A root module reads only the ones that it uses, so this is the complete list of
# README.md.

override_data {
  target = data.aws_ssm_parameter.platform["alarm_topic_arn"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms" }
}

override_data {
  target = data.aws_ssm_parameter.platform["alb_arn_suffix"]
  values = { insecure_value = "app/shop-test/50dc6c495c0c9188" }
}

override_data {
  target = data.aws_ssm_parameter.platform["alb_listener_arn"]
  values = { insecure_value = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop-test/50dc6c495c0c9188/f2f7dc8efc522ab2" }
}

override_data {
  target = data.aws_ssm_parameter.platform["alb_server_name"]
  values = { insecure_value = "internal.test.shop.example" }
}

override_data {
  target = data.aws_ssm_parameter.platform["app_security_group_id"]
  values = { insecure_value = "sg-0a000000000000001" }
}

override_data {
  target = data.aws_ssm_parameter.platform["artifacts_bucket"]
  values = { insecure_value = "shop-test-artifacts" }
}

override_data {
  target = data.aws_ssm_parameter.platform["database_client_security_group_id"]
  values = { insecure_value = "sg-0a000000000000002" }
}

override_data {
  target = data.aws_ssm_parameter.platform["database_subnet_group"]
  values = { insecure_value = "shop-test" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecr_repository_url_order"]
  values = { insecure_value = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop-test/order" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecr_repository_url_product"]
  values = { insecure_value = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop-test/product" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecs_cluster_arn"]
  values = { insecure_value = "arn:aws:ecs:eu-central-1:111122223333:cluster/shop-test" }
}

override_data {
  target = data.aws_ssm_parameter.platform["ecs_cluster_name"]
  values = { insecure_value = "shop-test" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_authorizer_id"]
  values = { insecure_value = "auth01" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_execution_arn"]
  values = { insecure_value = "arn:aws:execute-api:eu-central-1:111122223333:a1b2c3d4e5" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_id"]
  values = { insecure_value = "a1b2c3d4e5" }
}

override_data {
  target = data.aws_ssm_parameter.platform["http_api_url"]
  values = { insecure_value = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com" }
}

override_data {
  target = data.aws_ssm_parameter.platform["kms_data_key_arn"]
  values = { insecure_value = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000" }
}

override_data {
  target = data.aws_ssm_parameter.platform["private_subnet_ids"]
  values = { insecure_value = "subnet-0a000000000000001,subnet-0a000000000000002,subnet-0a000000000000003" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_order-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-order-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_payment-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-payment-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_product-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-product-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["topic_arn_user-events"]
  values = { insecure_value = "arn:aws:sns:eu-central-1:111122223333:shop-test-user-events" }
}

override_data {
  target = data.aws_ssm_parameter.platform["vpc_id"]
  values = { insecure_value = "vpc-0a000000000000001" }
}

override_data {
  target = data.aws_ssm_parameter.platform["vpc_link_id"]
  values = { insecure_value = "link01" }
}

# user reads this parameter separately, as it does not exist at the first apply.
override_data {
  target = data.aws_ssm_parameter.authorizer[0]
  values = { insecure_value = "auth01" }
}

# edge reads only this parameter.
override_data {
  target = data.aws_ssm_parameter.http_api_id
  values = { insecure_value = "a1b2c3d4e5" }
}
