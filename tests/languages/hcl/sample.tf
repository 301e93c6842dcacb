# The shop's network.
terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }

  backend "s3" {
    bucket = "shop-state"
  }
}

provider "aws" {
  region = var.region
}

// Where the shop runs.
variable "region" {
  description = "The region."
  type        = string
  default     = "eu-west-1"
}

locals {
  # Tags on everything.
  tags = {
    owner = "ada"
    name  = "${var.region}-shop"
  }
  zones = slice(data.aws_availability_zones.all.names, 0, 2)
}

data "aws_availability_zones" "all" {
  state = "available"
}

/* The private
   network. */
resource "aws_vpc" "main" {
  cidr_block = var.cidr
  tags       = merge(local.tags, { tier = "net" })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_security_group" "web" {
  vpc_id = aws_vpc.main.id

  dynamic "ingress" {
    for_each = [80, 443]
    content {
      from_port = ingress.value
    }
  }

  provisioner "local-exec" {
    command = <<-EOT
      echo "resource \"x\" \"y\" {}"
    EOT
  }
}

module "stock" {
  source = "./modules/stock"
  count  = var.enabled ? 1 : 0
  vpc    = aws_vpc.main
}

moved {
  from = aws_vpc.old
  to   = aws_vpc.main
}

output "vpc_id" {
  value = aws_vpc.main.id
}
