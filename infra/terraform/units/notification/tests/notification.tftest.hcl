# Offline: the provider is a mock. What is true of every unit is not tested here, but by the rules of `cargo checks`.

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

run "mails_are_sent_by_one_sender" {
  command = apply

  assert {
    condition = [for statement in jsondecode(output.role_policies["notification"]).Statement : statement.Condition.StringEquals if contains(statement.Action, "ses:SendEmail")] == [
      { "ses:FromAddress" = ["orders@shop.example"] },
    ]
    error_message = "The function may send in somebody else's name."
  }
}

run "a_sender_of_another_domain_is_refused" {
  command = plan

  variables {
    mail_from = "Shop <orders@elsewhere.example>"
  }

  expect_failures = [var.mail_from]
}
