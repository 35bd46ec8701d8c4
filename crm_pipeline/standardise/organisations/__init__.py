"""Names of organisations, their parts and keys; lines of business."""
