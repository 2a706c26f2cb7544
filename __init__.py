"""How far a multimodal emotion recogniser can be trusted when modalities go missing."""

__version__ = "0.1.0"
