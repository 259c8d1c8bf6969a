"""What a verifier remembers, in memory: for one process, and gone with it."""

from dataclasses import replace

from trueware.attestation.freshness.epoch import Epochs
from trueware.attesters.ports import AttesterStore, Challenge, Device, Pending, Seen


class MemoryAttesters:
    """An `AttesterStore` in dictionaries."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._challenges: dict[bytes, Challenge] = {}
        self._devices: list[Device] = []
        self._pending: dict[str, Pending] = {}
        self._seen: dict[str, Seen] = {}
        self._epochs: Epochs | None = None

    def add_challenge(self, challenge: Challenge) -> None:
        if challenge.nonce in self._challenges:
            raise ValueError("this nonce was sent before")
        self._challenges[challenge.nonce] = challenge

    def take_challenge(self, nonce: bytes, now: int) -> Challenge | None:
        found = self._challenges.get(nonce)
        if found is not None and found.used is None:
            self._challenges[nonce] = replace(found, used=now)
        return found

    def challenges(self, device: str | None = None) -> tuple[Challenge, ...]:
        found = (each for each in self._challenges.values() if device is None or each.device == device)
        return tuple(sorted(found, key=lambda each: (-each.issued, each.nonce)))

    def forget_challenges(self, before: int) -> int:
        gone = [each.nonce for each in self._challenges.values() if each.expires < before]
        for nonce in gone:
            del self._challenges[nonce]
        return len(gone)

    def enrol(self, device: Device) -> None:
        for each in self._devices:
            if each.retired is None and (
                each.name == device.name
                or set(each.keys) & set(device.keys)
                or (device.endorsement and each.endorsement == device.endorsement)
            ):
                raise ValueError(f"{each.name!r} is enrolled with that name, key or TPM; retire it first")
        self._devices.append(device)

    def retire(self, name: str, now: int) -> bool:
        for number, each in enumerate(self._devices):
            if each.name == name and each.retired is None:
                self._devices[number] = replace(each, retired=now)
                self._seen.pop(name, None)
                return True
        return False

    def keeper(self, key: bytes) -> str | None:
        return next((each.name for each in self._devices if each.retired is None and key in each.keys), None)

    def in_service(self, name: str) -> Device | None:
        return next((each for each in self._devices if each.retired is None and each.name == name), None)

    def devices(self) -> tuple[Device, ...]:
        return tuple(sorted(self._devices, key=lambda each: (each.name, each.enrolled)))

    def await_credential(self, pending: Pending) -> None:
        self._pending[pending.device.name] = pending

    def take_credential(self, device: str) -> Pending | None:
        return self._pending.pop(device, None)

    def announce(self, epochs: Epochs, before: Epochs | None) -> bool:
        if self._epochs != before:
            return False
        self._epochs = epochs
        return True

    def epochs(self) -> Epochs | None:
        return self._epochs

    def see(self, seen: Seen, before: Seen | None) -> bool:
        if self._seen.get(seen.device) != before:
            return False
        self._seen[seen.device] = seen
        return True

    def seen(self, device: str) -> Seen | None:
        return self._seen.get(device)


_: type[AttesterStore] = MemoryAttesters
