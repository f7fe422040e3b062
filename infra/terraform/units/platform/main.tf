# What all services of one environment stand on. Which file holds what: ../../README.md.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  # checkov:skip=CKV_AWS_394: names are sorted and the first three are taken, so that a new zone changes nothing
  state = "available"

  # Local and Wavelength Zones have neither NAT gateways nor load balancers.
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
