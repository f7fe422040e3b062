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

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = "shop"
      environment = var.environment
      unit        = "product"
    }
  }
}
