# Three zones, each with a private subnet for tasks, one for databases, and, with NAT, a public subnet for the gateway.
# Only gateways have public addresses.

locals {
  # 10.20.0.0/16 becomes 10.20.0.0/20, 10.20.16.0/20, 10.20.32.0/20 for tasks, and /24s from 10.20.192.0 and 10.20.200.0 on.
  private_cidrs  = [for index in range(3) : cidrsubnet(var.vpc_cidr, 4, index)]
  database_cidrs = [for index in range(3) : cidrsubnet(var.vpc_cidr, 8, 192 + index)]
  public_cidrs   = [for index in range(3) : cidrsubnet(var.vpc_cidr, 8, 200 + index)]

  # Port of product and order: LISTEN_ADDR.
  task_port     = 8080
  database_port = 5432
}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name_prefix }
}

# Default security group: resources without an explicit group can reach nothing.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "private" {
  count = 3

  vpc_id                  = aws_vpc.this.id
  availability_zone       = local.zones[count.index]
  cidr_block              = local.private_cidrs[count.index]
  map_public_ip_on_launch = false

  tags = { Name = "${local.name_prefix}-private-${count.index}" }
}

resource "aws_subnet" "database" {
  count = 3

  vpc_id                  = aws_vpc.this.id
  availability_zone       = local.zones[count.index]
  cidr_block              = local.database_cidrs[count.index]
  map_public_ip_on_launch = false

  tags = { Name = "${local.name_prefix}-database-${count.index}" }
}

resource "aws_db_subnet_group" "this" {
  name       = local.name_prefix
  subnet_ids = aws_subnet.database[*].id
}

# NAT ------------------------------------------------------------------------------------------------------------------

resource "aws_subnet" "public" {
  count = var.nat_gateway_count

  vpc_id                  = aws_vpc.this.id
  availability_zone       = local.zones[count.index]
  cidr_block              = local.public_cidrs[count.index]
  map_public_ip_on_launch = false

  tags = { Name = "${local.name_prefix}-public-${count.index}" }
}

resource "aws_internet_gateway" "this" {
  count = var.nat_gateway_count > 0 ? 1 : 0

  vpc_id = aws_vpc.this.id

  tags = { Name = local.name_prefix }
}

resource "aws_route_table" "public" {
  count = var.nat_gateway_count > 0 ? 1 : 0

  vpc_id = aws_vpc.this.id

  tags = { Name = "${local.name_prefix}-public" }
}

resource "aws_route" "public" {
  count = var.nat_gateway_count > 0 ? 1 : 0

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count = var.nat_gateway_count

  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  count = var.nat_gateway_count

  domain = "vpc"

  tags = { Name = "${local.name_prefix}-nat-${count.index}" }
}

resource "aws_nat_gateway" "this" {
  count = var.nat_gateway_count

  subnet_id     = aws_subnet.public[count.index].id
  allocation_id = aws_eip.nat[count.index].id

  tags = { Name = "${local.name_prefix}-${count.index}" }

  depends_on = [aws_route.public]
}

resource "aws_route_table" "private" {
  count = 3

  vpc_id = aws_vpc.this.id

  tags = { Name = "${local.name_prefix}-private-${count.index}" }
}

resource "aws_route" "private" {
  count = var.nat_gateway_count > 0 ? 3 : 0

  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[count.index % var.nat_gateway_count].id
}

resource "aws_route_table_association" "private" {
  count = 3

  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}

# Databases have no route out of the VPC.
resource "aws_route_table" "database" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${local.name_prefix}-database" }
}

resource "aws_route_table_association" "database" {
  count = 3

  subnet_id      = aws_subnet.database[count.index].id
  route_table_id = aws_route_table.database.id
}

# Endpoints ------------------------------------------------------------------------------------------------------------

resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.private[*].id

  # Roles limit the actions. This policy limits the tables to this account and environment.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurTables"
      Effect    = "Allow"
      Principal = "*"
      Action    = "dynamodb:*"
      Resource  = "arn:${local.partition}:dynamodb:${var.region}:${local.account_id}:table/${local.name_prefix}-*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account_id } }
    }]
  })

  tags = { Name = "${local.name_prefix}-dynamodb" }
}

# No policy, because image layers come from a bucket of AWS by links that AWS signs.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.private[*].id

  tags = { Name = "${local.name_prefix}-s3" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = aws_subnet.private[*].id
  security_group_ids  = [aws_security_group.this["endpoints"].id]

  tags = { Name = "${local.name_prefix}-${each.key}" }
}

# Security groups ------------------------------------------------------------------------------------------------------
#
#   API's VPC link --443--> load balancer --8080--> tasks --443--> AWS, the issuer's keys
#                                                     `----5432--> databases (only tasks that are in database_client too)

locals {
  # AWS does not allow apostrophes here.
  security_groups = {
    vpc_link        = "The HTTP API on its way into the VPC"
    alb             = "The internal load balancer"
    app             = "Tasks of services"
    database_client = "Tasks with access to a database"
    endpoints       = "Interface endpoints of AWS services"
  }

  # Connections within the VPC, each with a rule at both ends.
  conversations = {
    api_to_alb         = { from = "vpc_link", to = "alb", port = 443 }
    alb_to_tasks       = { from = "alb", to = "app", port = local.task_port }
    tasks_to_endpoints = { from = "app", to = "endpoints", port = 443 }
  }
}

resource "aws_security_group" "this" {
  # checkov:skip=CKV2_AWS_5: the services' root modules attach app and database_client to tasks
  for_each = local.security_groups

  name        = "${local.name_prefix}-${replace(each.key, "_", "-")}"
  description = each.value
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${local.name_prefix}-${replace(each.key, "_", "-")}" }

  lifecycle { create_before_destroy = true }
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = local.conversations

  security_group_id            = aws_security_group.this[each.value.to].id
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  description                  = local.security_groups[each.value.from]
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = local.conversations

  security_group_id            = aws_security_group.this[each.value.from].id
  referenced_security_group_id = aws_security_group.this[each.value.to].id
  description                  = local.security_groups[each.value.to]
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# The addresses of AWS's public endpoints and of the issuer cannot be listed.
resource "aws_vpc_security_group_egress_rule" "app_to_https" {
  security_group_id = aws_security_group.this["app"].id
  description       = "To AWS, and to the keys of the issuer"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# By address, because the security groups of databases belong to the services' root modules.
resource "aws_vpc_security_group_egress_rule" "database_client" {
  count = 3

  security_group_id = aws_security_group.this["database_client"].id
  description       = "To databases"
  cidr_ipv4         = local.database_cidrs[count.index]
  ip_protocol       = "tcp"
  from_port         = local.database_port
  to_port           = local.database_port
}
