# Trail of AWS API calls, and flow logs of the VPC.

resource "aws_cloudtrail" "this" {
  # checkov:skip=CKV_AWS_252: no process consumes the trail as it is written
  # checkov:skip=CKV2_AWS_10: the bucket is the record; a second copy in CloudWatch Logs is not worth its cost
  count = var.cloudtrail_enabled ? 1 : 0

  name                          = local.name_prefix
  s3_bucket_name                = aws_s3_bucket.this["trail"].id
  kms_key_id                    = aws_kms_key.audit[0].arn
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true

  depends_on = [aws_s3_bucket_policy.this]
}

# In S3 instead of CloudWatch Logs: a quarter of the price, and rarely needed.
resource "aws_flow_log" "vpc" {
  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = "${aws_s3_bucket.this["logs"].arn}/vpc/"
  max_aggregation_interval = 600

  tags = { Name = local.name_prefix }

  depends_on = [aws_s3_bucket_policy.this]
}
