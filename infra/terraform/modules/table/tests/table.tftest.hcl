mock_provider "aws" {
  source = "../../testing"
}

variables {
  name                = "shop-test-order"
  stream              = true
  kms_key_arn         = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-4000-8000-000000000000"
  deletion_protection = true
  alarm_topic_arn     = "arn:aws:sns:eu-central-1:111122223333:shop-test-alarms"
  indexes             = [{ name = "by_user", partition_key = "user_pk", sort_key = "user_sk", projection = "ALL" }]
}

run "data_is_encrypted_recoverable_and_expires" {
  command = apply

  assert {
    condition     = aws_dynamodb_table.this.server_side_encryption[0].enabled && aws_dynamodb_table.this.server_side_encryption[0].kms_key_arn == var.kms_key_arn
    error_message = "The table must be encrypted with the platform's key."
  }

  assert {
    condition     = aws_dynamodb_table.this.point_in_time_recovery[0].enabled && aws_dynamodb_table.this.deletion_protection_enabled
    error_message = "The table must have point-in-time recovery."
  }

  assert {
    condition     = aws_dynamodb_table.this.ttl[0].enabled && aws_dynamodb_table.this.ttl[0].attribute_name == "expires_at"
    error_message = "Items must expire by `expires_at`."
  }
}

run "index_keys_are_attributes_and_the_stream_has_new_images" {
  command = apply

  assert {
    condition     = toset(aws_dynamodb_table.this.attribute[*].name) == toset(["pk", "sk", "user_pk", "user_sk"])
    error_message = "Attributes must be exactly those of the keys."
  }

  assert {
    condition     = aws_dynamodb_table.this.stream_enabled && aws_dynamodb_table.this.stream_view_type == "NEW_IMAGE"
    error_message = "The stream must contain new images, which the relay reads."
  }
}
