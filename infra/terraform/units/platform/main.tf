# Shared infrastructure of one environment. ../../README.md describes it.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  # checkov:skip=CKV_AWS_394: the first three names in sorted order are used, so that a new zone changes nothing
  state = "available"

  # Local Zones and Wavelength Zones have neither NAT gateways nor load balancers.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  topology    = jsondecode(file("${path.module}/../../../topology.json"))
  name_prefix = "shop-${var.environment}"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  account    = "arn:${local.partition}:iam::${local.account_id}:root"

  zones = slice(data.aws_availability_zones.available.names, 0, 3)
}
