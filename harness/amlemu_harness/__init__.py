"""
amlemu_harness: builds and runs the real container image and compares it with the emulator, exchange by exchange.

For now only its face; it uses the public `amlemu` API, and the emulator never imports it.
"""

__all__: list[str] = []
