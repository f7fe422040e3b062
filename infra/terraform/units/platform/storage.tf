# Three buckets: zips of functions, network logs, and the trail.

locals {
  buckets = merge(
    {
      artifacts = {
        kms_key_arn = aws_kms_key.data.arn
        # Replaced versions. Functions run their own copy of the code.
        expire_days     = null
        noncurrent_days = 90
        statements      = []
      }
      logs = {
        # SSE-S3, because load balancers cannot write to a bucket with a customer-managed key.
        kms_key_arn     = null
        expire_days     = var.log_retention_days
        noncurrent_days = 1
        statements = [
          {
            Sid       = "LoadBalancer"
            Effect    = "Allow"
            Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
            Action    = "s3:PutObject"
            Resource  = "${local.bucket_arns["logs"]}/alb/AWSLogs/${local.account_id}/*"
          },
          {
            Sid       = "FlowLogs"
            Effect    = "Allow"
            Principal = { Service = "delivery.logs.amazonaws.com" }
            Action    = "s3:PutObject"
            Resource  = "${local.bucket_arns["logs"]}/vpc/AWSLogs/${local.account_id}/*"
            Condition = {
              StringEquals = { "aws:SourceAccount" = local.account_id, "s3:x-amz-acl" = "bucket-owner-full-control" }
              ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${var.region}:${local.account_id}:*" }
            }
          },
          {
            Sid       = "FlowLogsLook"
            Effect    = "Allow"
            Principal = { Service = "delivery.logs.amazonaws.com" }
            Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
            Resource  = local.bucket_arns["logs"]
            Condition = {
              StringEquals = { "aws:SourceAccount" = local.account_id }
              ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:logs:${var.region}:${local.account_id}:*" }
            }
          },
        ]
      }
    },
    !var.cloudtrail_enabled ? {} : {
      trail = {
        kms_key_arn     = aws_kms_key.audit[0].arn
        expire_days     = var.trail_retention_days
        noncurrent_days = 90
        statements = [
          {
            Sid       = "TrailLooks"
            Effect    = "Allow"
            Principal = { Service = "cloudtrail.amazonaws.com" }
            Action    = "s3:GetBucketAcl"
            Resource  = local.bucket_arns["trail"]
            Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn } }
          },
          {
            Sid       = "TrailWrites"
            Effect    = "Allow"
            Principal = { Service = "cloudtrail.amazonaws.com" }
            Action    = "s3:PutObject"
            Resource  = "${local.bucket_arns["trail"]}/AWSLogs/${local.account_id}/*"
            Condition = { StringEquals = { "aws:SourceArn" = local.trail_arn, "s3:x-amz-acl" = "bucket-owner-full-control" } }
          },
        ]
      }
    },
  )

  # Bucket names are global, so they include the account id.
  bucket_names = { for key in ["artifacts", "logs", "trail"] : key => "${local.name_prefix}-${key}-${local.account_id}" }
  bucket_arns  = { for key, name in local.bucket_names : key => "arn:${local.partition}:s3:::${name}" }

  bucket_policies = {
    for key, bucket in local.buckets : key => jsonencode({
      Version = "2012-10-17"
      Statement = concat(bucket.statements, [{
        Sid       = "NeverInTheClear"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arns[key], "${local.bucket_arns[key]}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }])
    })
  }
}

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18: the trail records changes of buckets, and only services write to them
  # checkov:skip=CKV_AWS_144: artifacts can be rebuilt from source, and logs contain no customer data
  # checkov:skip=CKV2_AWS_62: no consumer needs notifications
  for_each = local.buckets

  bucket        = local.bucket_names[each.key]
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    # With a bucket key, CloudTrail would need permission to decrypt.
    bucket_key_enabled = each.key == "artifacts"

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == "logs" ? "AES256" : "aws:kms"
      kms_master_key_id = local.buckets[each.key].kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    id     = "keep-no-longer"
    status = "Enabled"

    filter {}

    dynamic "expiration" {
      for_each = local.buckets[each.key].expire_days == null ? [] : [local.buckets[each.key].expire_days]

      content {
        days = expiration.value
      }
    }

    noncurrent_version_expiration {
      noncurrent_days = local.buckets[each.key].noncurrent_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = local.bucket_policies[each.key]

  depends_on = [aws_s3_bucket_public_access_block.this]
}
