terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # Bucket, key, region and lock file differ by account and environment. They are set by `-backend-config`.
  backend "s3" {}
}

locals {
  tags = {
    project     = "shop"
    environment = var.environment
    unit        = "edge"
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

# CloudFront uses certificates and firewalls from this Region only.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}
