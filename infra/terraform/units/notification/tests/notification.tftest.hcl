# Offline tests with a mocked provider. Rules for all root modules are in `cargo checks`.

mock_provider "aws" {
  source = "../../testing"
}

variables {
  environment                = "test"
  log_retention_days         = 30
  deletion_protection        = true
  artifact                   = { key = "notification.zip", version = "v1" }
  function_deployment_config = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
  mail_domain                = "shop.example"
  mail_from                  = "Shop <orders@shop.example>"
  storefront_url             = "https://shop.example"
}

run "mail_is_sent_from_one_address" {
  command = apply

  assert {
    condition = [for statement in jsondecode(output.role_policies["notification"]).Statement : statement.Condition.StringEquals if contains(statement.Action, "ses:SendEmail")] == [
      { "ses:FromAddress" = ["orders@shop.example"] },
    ]
    error_message = "The function must send only from its own address."
  }
}

run "a_sender_of_another_domain_is_rejected" {
  command = plan

  variables {
    mail_from = "Shop <orders@elsewhere.example>"
  }

  expect_failures = [var.mail_from]
}
