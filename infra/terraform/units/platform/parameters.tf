# Parameters for other root modules: /shop/<environment>/platform/<name>. The list is append-only: a parameter is never
# renamed, removed or given another meaning. ../../README.md lists them.

locals {
  parameters = merge(
    {
      vpc_id                            = aws_vpc.this.id
      private_subnet_ids                = join(",", aws_subnet.private[*].id)
      app_security_group_id             = aws_security_group.this["app"].id
      database_subnet_group             = aws_db_subnet_group.this.name
      database_client_security_group_id = aws_security_group.this["database_client"].id
      alb_listener_arn                  = aws_lb_listener.https.arn
      alb_arn_suffix                    = aws_lb.this.arn_suffix
      alb_security_group_id             = aws_security_group.this["alb"].id
      alb_server_name                   = local.alb_server_name
      ecs_cluster_arn                   = aws_ecs_cluster.this.arn
      ecs_cluster_name                  = aws_ecs_cluster.this.name
      http_api_id                       = aws_apigatewayv2_api.this.id
      http_api_execution_arn            = aws_apigatewayv2_api.this.execution_arn
      http_api_url                      = local.http_api_url
      kms_data_key_arn                  = aws_kms_key.data.arn
      alarm_topic_arn                   = aws_sns_topic.alarms.arn
      service_namespace_id              = aws_service_discovery_private_dns_namespace.this.id
      artifacts_bucket                  = aws_s3_bucket.this["artifacts"].id
    },
    # Does not exist before the authorizer. A root module that needs it earlier fails during planning, with its name.
    var.issuer_answers ? { http_api_authorizer_id = aws_apigatewayv2_authorizer.access_tokens[0].id } : {},
    var.emulator ? {} : { vpc_link_id = aws_apigatewayv2_vpc_link.this[0].id },
    { for name in local.topology.topics : "topic_arn_${name}" => aws_sns_topic.events[name].arn },
    { for name in local.topology.services[*].name : "ecr_repository_url_${name}" => aws_ecr_repository.service[name].repository_url },
  )
}

resource "aws_ssm_parameter" "this" {
  # checkov:skip=CKV2_AWS_34: ids and names, not secrets
  for_each = local.parameters

  name  = "/shop/${var.environment}/platform/${each.key}"
  type  = "String"
  value = each.value
}
