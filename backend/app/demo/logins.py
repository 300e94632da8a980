"""The nine logins of the demo (S41), in the clear because they are for the demo only."""

from dataclasses import dataclass

from app.models.role import RoleName


@dataclass(frozen=True)
class Login:
    role: RoleName
    email: str
    password: str
    first_name: str
    last_name: str
    title: str | None = None


LOGINS = (
    Login(RoleName.SUPER_ADMIN, "admin@hass.example", "admin123", "Sofia", "Lindgren"),
    Login(RoleName.REGIONAL_ADMIN, "radmin@hass.example", "radmin123", "Rafael", "Ortiz"),
    Login(RoleName.MANAGER, "manager@hass.example", "manager123", "Maria", "Keller"),
    Login(RoleName.DOCTOR, "doctor@hass.example", "doctor123", "Samuel", "Adeyemi", "Dr"),
    Login(RoleName.NURSE, "nurse@hass.example", "nurse123", "Ingrid", "Okafor"),
    Login(RoleName.LAB_TECH, "lab@hass.example", "lab123", "Anders", "Lindqvist"),
    Login(RoleName.PHARMACIST, "pharma@hass.example", "pharma123", "Hannah", "Weiss"),
    Login(RoleName.RECEPTION, "reception@hass.example", "reception123", "Teresa", "Reyes"),
    Login(RoleName.PATIENT, "patient@hass.example", "patient123", "John", "Smith"),
)
