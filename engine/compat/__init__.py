"""What other programs speak: ComfyUI's wire and files, A1111's texts."""
