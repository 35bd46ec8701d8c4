"""Which of python-stdnum's modules read a country's tax numbers, and where they are wrong.

Belongs here: the table by country, the prefixes of value added tax, and our own word where the library lacks one. Does
not belong here: reading a column (`tax_ids`), Chinese numbers (`chinese_tax_ids`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from stdnum.exceptions import InvalidChecksum

Validate = Callable[[str], str]

# ISO 3166-1 alpha-2 to modules, tried in this order: value added tax, other numbers of companies, then those of people.
SCHEMES: Mapping[str, tuple[str, ...]] = {
    "AD": ("ad.nrt",), "AL": ("al.nipt",), "AR": ("ar.cuit",), "AT": ("at.uid", "at.tin"),
    "AU": ("au.abn", "au.acn", "au.tfn"), "AZ": ("az.voen",), "BE": ("be.vat", "be.nn"), "BG": ("bg.vat",),
    "BR": ("br.cnpj", "br.cpf"), "BY": ("by.unp",), "CA": ("ca.bn", "ca.sin"), "CH": ("ch.uid",), "CL": ("cl.rut",),
    "CO": ("co.nit",), "CR": ("cr.cpj", "cr.cpf", "cr.cr"), "CY": ("cy.vat",), "CZ": ("cz.dic",),
    "DE": ("de.vat", "de.idnr", "de.stnr"), "DK": ("dk.cvr",), "DO": ("do.rnc", "do.cedula"), "DZ": ("dz.nif",),
    "EC": ("ec.ruc", "ec.ci"), "EE": ("ee.kmkr", "ee.registrikood"), "EG": ("eg.tn",), "ES": ("es.nif",),
    "FI": ("fi.alv", "fi.hetu"), "FO": ("fo.vn",), "FR": ("fr.tva", "fr.siren", "fr.siret", "fr.nif"),
    "GB": ("gb.vat", "gb.utr"), "GH": ("gh.tin",), "GN": ("gn.nifp",), "GR": ("gr.vat",), "GT": ("gt.nit",),
    "HR": ("hr.oib",), "HU": ("hu.anum",), "ID": ("id.npwp",), "IE": ("ie.vat", "ie.pps"), "IL": ("il.hp", "il.idnr"),
    "IN": ("in_.gstin", "in_.pan"), "IS": ("is_.vsk", "is_.kennitala"), "IT": ("it.iva", "it.codicefiscale"),
    "JP": ("jp.cn", "jp.in_"), "KE": ("ke.pin",), "KR": ("kr.brn",), "LI": ("li.peid",), "LT": ("lt.pvm",),
    "LU": ("lu.tva",), "LV": ("lv.pvn",), "MA": ("ma.ice",), "MC": ("mc.tva",), "MD": ("md.idno",), "ME": ("me.pib",),
    "MK": ("mk.edb",), "MT": ("mt.vat",), "MU": ("mu.nid",), "MX": ("mx.rfc",), "MZ": ("mz.nuit",),
    "NL": ("nl.btw", "nl.bsn"), "NO": ("no.orgnr",), "NZ": ("nz.ird",), "PE": ("pe.ruc",), "PL": ("pl.nip", "pl.pesel"),
    "PT": ("pt.nif",), "PY": ("py.ruc",), "RO": ("ro.cf",), "RS": ("rs.pib",), "RU": ("ru.inn",),
    "SE": ("se.vat", "se.orgnr"), "SG": ("sg.uen",), "SI": ("si.ddv",), "SK": ("sk.dph",), "SM": ("sm.coe",),
    "SN": ("sn.ninea",), "SV": ("sv.nit",), "TH": ("th.tin",), "TN": ("tn.mf",), "TR": ("tr.vkn", "tr.tckimlik"),
    "TW": ("tw.ubn",), "UA": ("ua.edrpou", "ua.rntrc"), "US": ("us.tin",), "UY": ("uy.rut",), "VE": ("ve.rif",),
    "VN": ("vn.mst",), "ZA": ("za.tin",),
}  # fmt: skip

# Numbers that are written with the country before them, and the form after it (European Commission, VIES; HMRC).
VAT_FORMS: Mapping[str, str] = {
    "AT": "U[0-9]{8}", "BE": "[01]?[0-9]{9}", "BG": "[0-9]{9,10}", "CY": "[0-9]{8}[A-Z]", "CZ": "[0-9]{8,10}",
    "DE": "[0-9]{9}", "DK": "[0-9]{8}", "EE": "[0-9]{9}", "EL": "[0-9]{9}", "ES": "[0-9A-Z][0-9]{7}[0-9A-Z]",
    "FI": "[0-9]{8}", "FR": "[0-9A-HJ-NP-Z]{2}[0-9]{9}", "GB": "(?:[0-9]{9}|[0-9]{12}|GD[0-9]{3}|HA[0-9]{3})",
    "GR": "[0-9]{9}", "HR": "[0-9]{11}", "HU": "[0-9]{8}", "IE": "[0-9][0-9A-Z+*][0-9]{5}[A-W][A-I]?",
    "IT": "[0-9]{11}", "LT": "(?:[0-9]{9}|[0-9]{12})", "LU": "[0-9]{8}", "LV": "[0-9]{11}", "MT": "[0-9]{8}",
    "NL": "[0-9]{9}B[0-9]{2}", "PL": "[0-9]{10}", "PT": "[0-9]{9}", "RO": "[0-9]{2,10}", "SE": "[0-9]{10}01",
    "SI": "[0-9]{8}", "SK": "[0-9]{10}", "XI": "(?:[0-9]{9}|[0-9]{12})",
}  # fmt: skip
COUNTRY_OF_PREFIX = {prefix: {"EL": "GR", "XI": "GB"}.get(prefix, prefix) for prefix in VAT_FORMS}
_PREFIX_OF_COUNTRY = {"GR": "EL"}

# Writings that the library does not know, as what it knows: Japan's invoice registration, Hungary's number with the
# codes of tax and county, Norway's and Switzerland's mark of value added tax, Romania's prefix (which it does not take
# off).
_REWRITTEN: Mapping[str, tuple[str, str]] = {
    "JP": (r"T([0-9]{13})", r"\1"),
    "HU": (r"(?:HU)?([0-9]{8})[1-5][0-9]{2}", r"\1"),
    "NO": (r"(?:NO)?([0-9]{9})(?:MVA)?", r"\1"),
    "RO": (r"RO([0-9]{2,13})", r"\1"),
    "CH": (r"(CHE[0-9]{9})(?:MWST|TVA|IVA|TPV|VAT)", r"\1"),
}


def rewritten(text: str, country: str) -> str:
    """The text as the library's modules of that country read it."""
    form, number = _REWRITTEN.get(country, ("", ""))
    return re.sub(f"^{form}$", number, text, flags=re.ASCII) if form else text


def with_prefix(number: str, country: str, scheme: str) -> str:
    """The number as it is compared: one of value added tax in the Union and Britain with its prefix, others bare."""
    prefix = _PREFIX_OF_COUNTRY.get(country, country)
    is_vat = prefix in VAT_FORMS and scheme == SCHEMES[country][0]
    return f"{prefix}{number}" if is_vat else number


@cache
def validator(scheme: str) -> Validate:
    """The function that gives a right number in its compact form and raises `ValidationError` on others."""
    module: Any = import_module(f"stdnum.{scheme}")
    return _taiwanese if scheme == "tw.ubn" else module.validate


def _taiwanese(text: str) -> str:
    """A number of Taiwan, of which since April 2023 the sum is to be divided by 5, not by 10 (Ministry of Finance)."""
    module: Any = import_module("stdnum.tw.ubn")
    try:
        number: str = module.validate(text)
    except InvalidChecksum:
        number = module.compact(text)
        total = module.calc_checksum(number)
        if total % 5 and not (number[6] == "7" and (total + 1) % 5 == 0):
            raise
    return number
