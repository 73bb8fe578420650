"""What a deployment costs in a month, computed: `make cost` writes docs/cost.md. Pure, but for that writing."""
