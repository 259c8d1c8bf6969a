"""Certificates of apps whose secret keys anybody has: those in Android's source, and those that every developer's tools make.

Sources: AOSP ``build/make/target/product/security``; developer.android.com "Sign your app" (debug certificate).
"""

PUBLIC: dict[str, str] = {
    "a40da80a59d170caa950cf15c18c454d47a39b26989d8b640ecd745ba71bf5dc": "Android's public test key",
    "c8a2e9bccf597c2fb6dc66bee293fc13f2fc47ec77bc6b2b0d52c11f51192ab8": "Android's public platform key",
    "28bbfe4a7b97e74681dc55c2fbb6ccb8d6c74963733f6af6ae74d8c3a6e879fd": "Android's public shared key",
    "465983f7791f2abeb43ea2cbdc7f21a8260b72bc08a55c839fc1a43bc741a81e": "Android's public media key",
    "e1dbadce60dc080d15b58a014b0dcf9400e24de23fa00b287a5a982bfebda2ee": "Android's public network stack key",
    "fae9122a8721d6e2a196d2224dffcf773c9127e2bb956cbddb40b009192ffdfd": "Android's public NFC key",
    "a6ccc500ff0e7421200eb66a7fe174ef1b00e52ca91727070cbedf061ff76c35": "Android's public bluetooth key",
    "abf21f9e2af1d881cc673fddcefa6ed9c269a437bd64b279cf45844cfd589126": "Android's public SDK sandbox key",
}
"""By SHA-256 of the certificate."""

DEBUG = ("CN=Android Debug", "O=Android", "C=US")
"""Parts of the name in the certificate that tools make for debugging."""
