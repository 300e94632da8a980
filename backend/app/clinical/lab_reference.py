"""Reference intervals for results that came without one: a demonstration-grade table, each row with its source.

They let a new installation show flags from the first hour; the hospital's own pathologist replaces them before real
use. A laboratory's own interval and flag always come first. No row means "not known here", never "normal": such a
result shows no flag. Sources: MSD-CBC (MSD Manual, blood tests: normal values), MLP-* (MedlinePlus, A.D.A.M.),
WHO-HB-2024 (haemoglobin cutoffs), KOST-1990 and KOST-CLR (Kost, JAMA 1990 and MLO: critical limits, US surveys), CTCAE5
(NCI CTCAE 5.0) and others named in the rows. LOINC codes: www.loinc.org, LOINC is copyright Regenstrief Institute, Inc.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache


@dataclass(frozen=True)
class Interval:
    """From `low` to `high`, both inside unless `high_is_outside`; critical beyond the critical limits."""

    low: Decimal | None
    high: Decimal | None
    high_is_outside: bool
    critical_low: Decimal | None
    critical_high: Decimal | None
    source: str

    def flag(self, value: Decimal) -> str | None:
        """LL, L, N, H or HH; None where the table has critical limits only and the value keeps to them."""
        if self.critical_low is not None and value < self.critical_low:
            return "LL"
        if self.critical_high is not None and value > self.critical_high:
            return "HH"
        if self.low is not None and value < self.low:
            return "L"
        if self.high is not None and (value > self.high or (self.high_is_outside and value == self.high)):
            return "H"
        return None if self.low is None and self.high is None else "N"


def interval_for(code: str | None, unit: str | None, sex: str, age_days: int | None) -> Interval | None:
    """The interval of an analyte (LOINC) in this unit (UCUM) for this sex and age in days; None where none is known.

    >>> interval_for("718-7", "g/dL", "female", 20000).flag(Decimal("9.1"))
    'L'
    """
    if code is None or unit is None or age_days is None:
        return None
    for row_unit, row_sex, youngest, oldest, interval in _by_code().get(code, ()):
        fits_age = youngest <= age_days and (oldest is None or age_days < oldest)
        if row_unit == unit and row_sex in ("any", sex) and fits_age:
            return interval
    return None


_Row = tuple[str, str, int, int | None, Interval]


@cache
def _by_code() -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for line in TABLE.strip().splitlines():
        code, unit, sex, youngest, oldest, low, high, strict, critical_low, critical_high, source, _ = (
            line.split("|")
        )
        limits = [Decimal(each) if each else None for each in (low, high, critical_low, critical_high)]
        interval = Interval(limits[0], limits[1], strict == "below", limits[2], limits[3], source)
        row = (unit, sex, int(youngest), int(oldest) if oldest else None, interval)
        found.setdefault(code, []).append(row)
    return found


# LOINC | unit | sex | from days | below days | low | high | "below": high itself is too high | critical below |
# critical above | sources | analyte, for the reader.
TABLE = """
6690-2|10*3/uL|any|6575||4.5|11.0||2.0|37.0|MSD-CBC KOST-1990|White blood cells
789-8|10*6/uL|male|6575||4.5|5.9||||MSD-CBC|Red blood cells
789-8|10*6/uL|female|6575||4.0|5.2||||MSD-CBC|Red blood cells
718-7|g/dL|male|6575||14.0|17.0||6.6|19.9|MSD-CBC KOST-1990|Haemoglobin
718-7|g/dL|female|6575||12.0|16.0||6.6|19.9|MSD-CBC KOST-1990|Haemoglobin
718-7|g/dL|any|183|730|10.5|||||WHO-HB-2024|Haemoglobin
718-7|g/dL|any|730|1826|11.0|||||WHO-HB-2024|Haemoglobin
718-7|g/dL|any|1826|4383|11.5|||||WHO-HB-2024|Haemoglobin
718-7|g/dL|any|4383|5479|12.0|||||WHO-HB-2024|Haemoglobin
718-7|g/dL|male|5479|6575|13.0|||||WHO-HB-2024|Haemoglobin
718-7|g/dL|female|5479|6575|12.0|||||WHO-HB-2024|Haemoglobin
4544-3|%|male|6575||41|51||18|61|MSD-CBC KOST-1990|Haematocrit
4544-3|%|female|6575||36|47||18|61|MSD-CBC KOST-1990|Haematocrit
787-2|fL|any|6575||80|100||||MSD-CBC|Mean corpuscular volume
785-6|pg|any|6575||28|32||||MSD-CBC|Mean corpuscular haemoglobin
786-4|g/dL|any|6575||32|36||||MSD-CBC|Mean corpuscular haemoglobin concentration
788-0|%|any|6575||11.5|14.5||||MSD-CBC|Red cell distribution width
777-3|10*3/uL|any|6575||140|450||37|910|MSD-CBC KOST-1990|Platelets
751-8|10*3/uL|any|6575||1.8|7.7||0.5||MSD-CBC CTCAE5|Neutrophils, absolute
731-0|10*3/uL|any|6575||1.0|4.8||||MSD-CBC|Lymphocytes, absolute
742-7|10*3/uL|any|6575||0.2|1.2||||MSD-CBC|Monocytes, absolute
711-2|10*3/uL|any|6575||0|0.9||||MSD-CBC|Eosinophils, absolute
704-7|10*3/uL|any|6575||0|0.3||||MSD-CBC|Basophils, absolute
2951-2|mmol/L|any|6575||135|145||120|158|MLP-CMP KOST-1990|Sodium
2951-2|mmol/L|any|28|6575||||121|156|KOST-CLR|Sodium
2823-3|mmol/L|any|6575||3.7|5.2||2.8|6.2|MLP-CMP KOST-1990|Potassium
2823-3|mmol/L|any|28|6575||||2.8|6.4|KOST-CLR|Potassium
2075-0|mmol/L|any|6575||96|106||75|126|MLP-CMP KOST-CLR|Chloride
2028-9|mmol/L|any|6575||23|29||11|40|MLP-CMP KOST-CLR|Carbon dioxide, total
2028-9|mmol/L|any|28|6575||||11|39|KOST-CLR|Carbon dioxide, total
33037-3|mmol/L|any|6575||6|14||||SCRIPPS|Anion gap
2345-7|mg/dL|any|6575||70|100||46|484|MLP-CMP KOST-CLR|Glucose
2345-7|mg/dL|any|28|6575||||46|445|KOST-CLR|Glucose
3094-0|mg/dL|any|6575||6|20|||104|MLP-CMP KOST-CLR|Urea nitrogen
2160-0|mg/dL|male|6575||0.74|1.35|||7.4|CLINOSIM-US KOST-CLR|Creatinine
2160-0|mg/dL|female|6575||0.59|1.04|||7.4|CLINOSIM-US KOST-CLR|Creatinine
98979-8|mL/min/{1.73_m2}|any|6575||60|||||SCRIPPS|Estimated GFR (CKD-EPI 2021)
17861-6|mg/dL|any|6575||8.5|10.2||6.6|12.9|MLP-CMP KOST-CLR|Calcium, total
17861-6|mg/dL|any|0|11|7.6|10.4||||DAVIS-CA|Calcium, total
17861-6|mg/dL|any|11|1096|9.0|11.0||||DAVIS-CA|Calcium, total
17861-6|mg/dL|any|1096|4748|8.8|10.8||6.5|12.7|DAVIS-CA KOST-CLR|Calcium, total
17861-6|mg/dL|any|4748|6575|8.4|10.2||6.5|12.7|DAVIS-CA KOST-CLR|Calcium, total
2885-2|g/dL|any|6575||6.0|8.3||||MLP-CMP|Protein, total
1751-7|g/dL|any|6575||3.4|5.4||||MLP-CMP|Albumin
6768-6|U/L|any|6575||20|130||||MLP-CMP|Alkaline phosphatase
1742-6|U/L|any|6575||4|36||||MLP-CMP|Alanine aminotransferase
1920-8|U/L|any|6575||8|33||||MLP-CMP|Aspartate aminotransferase
1975-2|mg/dL|any|6575||0.1|1.2|||15|MLP-CMP KOST-CLR|Bilirubin, total
1968-7|mg/dL|any|6575|||0.3|below|||MLP-BILI|Bilirubin, direct
2324-2|U/L|any|6575||5|40||||MLP-GGT|Gamma-glutamyl transferase
2532-0|U/L|any|6575||105|333||||MLP-LDH|Lactate dehydrogenase
2093-3|mg/dL|any|6575|||200|below|||ATP3|Cholesterol, total
2085-9|mg/dL|any|6575||40|||||ATP3|HDL cholesterol
13457-7|mg/dL|any|6575|||100|below|||ATP3|LDL cholesterol, calculated
2571-8|mg/dL|any|6575|||150|below|||ATP3|Triglycerides
5902-2|s|any|6575||11|13.5|||27|MLP-PT KOST-1990|Prothrombin time
6301-6|{INR}|any|6575||0.8|1.1|||5.0|MLP-PT ARUP-CRIT|INR
14979-9|s|any|6575||25|35|||85|MLP-PTT ARUP-CRIT|Activated partial thromboplastin time
3255-7|mg/dL|any|6575||200|400||100||MLP-FIB ARUP-CRIT|Fibrinogen
48065-7|ug/mL{FEU}|any|6575|||0.5||||MAYO-DDIMER|D-dimer (FEU)
2157-6|U/L|male|6575||55|170||||CLINOSIM-US|Creatine kinase
2157-6|U/L|female|6575||30|135||||CLINOSIM-US|Creatine kinase
30934-4|pg/mL|any|6575|||100|below|||BNP-100|B-type natriuretic peptide
1988-5|mg/L|any|6575|||10|below|||HEALTHWISE-CRP|C-reactive protein
75241-0|ng/mL|any|6575|||0.05|below|||PCT-DIASYS|Procalcitonin
4537-7|mm/h|male|6575||0|15||||CLINOSIM-US|Erythrocyte sedimentation rate
4537-7|mm/h|female|6575||0|20||||CLINOSIM-US|Erythrocyte sedimentation rate
2524-7|mmol/L|any|6575||0.5|2.2|||3.4|MLP-LACTATE KOST-CLR|Lactate
2744-1|[pH]|any|6575||7.35|7.45||7.21|7.59|MSD-BLOOD KOST-1990|pH, arterial
2019-8|mm[Hg]|any|6575||35|45||19|67|MSD-BLOOD KOST-1990|Carbon dioxide, partial pressure, arterial
2703-7|mm[Hg]|any|6575||75|100||43||MLP-ABG KOST-1990|Oxygen, partial pressure, arterial
1960-4|mmol/L|any|6575||22|28||||MLP-ABG|Bicarbonate, arterial
1925-7|mmol/L|any|6575||-2|2||||ABG-BE|Base excess, arterial
2708-6|%|any|6575||94|100||||MLP-ABG|Oxygen saturation, arterial
1995-0|mmol/L|any|6575||1.15|1.33||0.93|1.53|DH-ICA DH-ICA|Calcium, ionized
1995-0|mmol/L|any|0|6575|1.22|1.37||0.93|1.53|DH-ICA DH-ICA|Calcium, ionized
19123-9|mg/dL|any|6575||1.7|2.2||1.0|4.9|MLP-MG KOST-CLR|Magnesium
19123-9|mg/dL|any|28|6575||||1.1|4.3|KOST-CLR|Magnesium
2777-1|mg/dL|any|7305||2.5|4.5||1.2|8.9|DAVIS-PHOS KOST-CLR|Phosphate
2777-1|mg/dL|any|0|6|4.6|8.0||||DAVIS-PHOS|Phosphate
2777-1|mg/dL|any|365|1461|3.9|6.5||||DAVIS-PHOS|Phosphate
2777-1|mg/dL|any|1461|2557|4.0|5.4||||DAVIS-PHOS|Phosphate
2777-1|mg/dL|any|2557|4383|3.7|5.6||||DAVIS-PHOS|Phosphate
2777-1|mg/dL|any|4383|5114|3.3|5.4||||DAVIS-PHOS|Phosphate
2777-1|mg/dL|any|5114|5844|2.9|5.4||||DAVIS-PHOS|Phosphate
2777-1|mg/dL|any|5844|7305|2.8|4.6||||DAVIS-PHOS|Phosphate
2339-0|mg/dL|any|6575||70|100||46|484|MLP-CMP KOST-CLR|Glucose, whole blood (point of care)
4548-4|%|any|6575|||5.7|below|||ADA-A1C|Haemoglobin A1c
3016-3|m[IU]/L|any|6575||0.45|4.5||||SURKS-2004|Thyroid-stimulating hormone
3024-7|ng/dL|any|6575||0.89|1.76||||KNHANES-FT4|Thyroxine, free
3040-3|U/L|any|6575||0|160||||MLP-LIPASE|Lipase
1798-8|U/L|any|6575||25|125||||USMLE-2019|Amylase
5811-5|{ratio}|any|6575||1.005|1.03||||MLP-USG|Urine specific gravity
5803-2|[pH]|any|6575||4.6|8.0||||USASK-UA|Urine pH
"""
