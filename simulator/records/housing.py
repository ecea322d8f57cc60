"""Housing and construction: the SPGL tables (append-only with retraction) and the pushed permit events."""

from __future__ import annotations

import random
from collections.abc import Iterator

from simulator import defects
from simulator.dice import chance, date_of, dice, stamp
from simulator.model import GROUNDLESS, Path, Project, Row, Table, Works
from simulator.records import issued
from simulator.records.history import Scene, Telling, Version, number_on, versions
from simulator.records.land import USE
from simulator.records.land import WORKS as LAND_WORKS
from simulator.saying import cited, company_name, place_name, project_name, roughly

PROJECTS, PERMITS, COMPLETIONS = "housing.projects", "housing.construction_permits", "housing.completions"
EVENTS = "housing.permit_events"
_COMMON = "LSH DFSJZJ XZQHDM XMDM"
_STATE = "SJYXBS SJWXYY SJSCZT SBYY SJGXSJ"

TABLES = {
    PROJECTS: Table(
        "SPGL_XMJBXXB",
        "GCDM",
        f"""{_COMMON} XMMC GCDM GCFW QJDGCDM XMTZLY TDHQFS TDSFDSJFA SFWCQYPG SPLCLX LXLX GCFL JSXZ XMZJSX GBHYDMFBND
            GBHY NKGSJ NJCSJ XMSFWQBJ XMWQBJSJ ZTZE JSDDXZQH JSDD JSGMJNR YDMJ JZMJ SBSJ SPLCBM SPLCBBH JSDW JSDWDM JSDWLX
            XMJWDZB SFXXGC GCHYFL CD {_STATE}""",
    ),
    PERMITS: Table(
        "SPGL_JZGCSGXKXXB",
        "SGXKZBH",
        f"""{_COMMON} GCDM SPSXSLBM YDGHXKZBH GCGHXKZBH ZBTZSBH SCHGSBH SGXKZBH JSXZ FZJG FZJGTYSHXYDM FZRQ GLSD JSDW
            JSDWDM JSDWLX JSDWXMFZR GCMC JSDZ SSQX XMJWDZB JSGM JHKGRQ JHJGRQ HTJG ZJZMJ DSJZMJ DXJZMJ RFMJ ZZBZ FJBZ LXR
            LXDH {_STATE}""",
    ),
    COMPLETIONS: Table(
        "SPGL_JSGCJGYSBAXXB",
        "JGYSBABH",
        f"""{_COMMON} GCDM SPSXSLBM JSDW JSDWDM JSDWLX SCHGSBH SGXKZBH JGYSBABH BAJG BAJGXYDM BARQ BAFW GCMC SFSXLHYS
            SFBGWFZT JSDZ SSQX JSGM KGRQ JGRQ SJZJ ZJZMJ DSJZMJ DXJZMJ JSDWYJ DAYSZT DAYSYJ {_STATE}""",
    ),
}
"""The SPGL tables, by source."""

_GROUND = {Path.GRANTED: "1", Path.ENERGY: "1", Path.ALLOCATED: "2"}
_FLOWS = {Path.ALLOCATED: "1", Path.ENERGY: "9"}
_TABLE_NUMBERS = {PROJECTS: "04", PERMITS: "40", COMPLETIONS: "50"}


def rows(scene: Scene, project: Project) -> Iterator[Row]:
    """Every row of the three SPGL tables; a change is an invalid row and, unless the thing ended, a new valid one."""
    for works in project.works:
        for source, number in (
            (PROJECTS, works.code),
            (PERMITS, works.permit),
            (COMPLETIONS, works.completion),
        ):
            day = issued(project, source, works.number)
            if day is None:
                continue
            done = [works.days["completed"]] if source == PROJECTS and "completed" in works.days else []
            yield from _table_rows(scene, project, works, source, number=number, day=day, renewed=done)


def _table_rows(
    scene: Scene, project: Project, works: Works, source: str, *, number: str, day: int, renewed: list[int]
) -> Iterator[Row]:
    """The rows of one record: a correction is told as its former self invalid, then its new self valid."""
    serial, standing = 0, None
    twice = project.hard and defects.happens(dice(scene.seed, project.key, source, works.number, "twice"), 15)
    for version in versions(scene, project, source, works.number, number=number, issued=day, renewed=renewed):
        told = [(version, version.valid, version)]
        if standing is not None and version.valid and not version.late and version.number == standing.number:
            told.insert(0, (version, False, standing))
        for said, valid, content in told:
            serial += 1
            rng = dice(scene.seed, project.key, source, works.number)
            telling = Telling(scene, project, works, rng, day, content)
            common = _common(scene, source, project, works, said, serial)
            validity = {"SJYXBS": "1" if valid else "0", "SJWXYY": "" if valid else said.reason}
            values = {**_FILLS[source](telling, works), **common, **validity}
            yield Row(source, said.number, common["SJGXSJ"], said.shows, values)
            if twice and serial == 1:
                again = {**values, "LSH": values["LSH"][:-2] + "99"}
                yield Row(source, said.number, common["SJGXSJ"], said.shows, again)
        if not version.late:
            standing = version


def _common(
    scene: Scene, source: str, project: Project, works: Works, version: Version, serial: int
) -> dict[str, str]:
    """The columns all tables share; LSH orders the rows of one second as they were written."""
    region, sequence = project.district.adcode, project.index * 10_000 + works.number * 100 + serial
    return {
        "LSH": f"{region}{version.moment:%Y%m%d%H%M%S}{_TABLE_NUMBERS[source]}{sequence:010d}",
        "DFSJZJ": f"{_TABLE_NUMBERS[source]}{project.index * 100 + works.number}",
        "XZQHDM": region,
        "XMDM": _code(scene, project, works, version),
        "GCDM": works.code,
        TABLES[source].key: version.number,
        "SJSCZT": "1",
        "SJGXSJ": stamp(version.moment),
    }


def _code(scene: Scene, project: Project, works: Works, version: Version) -> str:
    """The project code housing knows; of some works of the hard city something else stands in its column."""
    code = project.said_codes.get("housing", "")
    if not code or not project.hard:
        return code
    rng = dice(scene.seed, project.key, "code system", works.number)
    if not defects.happens(rng, 3):
        return code
    return defects.wrong_system(rng, code, project.district.adcode, version.moment.date(), project.code)


def _owner(telling: Telling) -> dict[str, str]:
    """建设单位 as housing writes it: 85 % bear the credit code."""
    owner, known = telling.project.owner, chance(telling.rng, 0.85) or not telling.blur
    name = company_name(telling.rng, telling.project, owner.name)
    return {"JSDW": name, "JSDWDM": owner.uscc if known else "", "JSDWLX": "1"}


def _project(telling: Telling, works: Works) -> dict[str, str]:
    project, rng = telling.project, telling.rng
    allocated = project.path is Path.ALLOCATED
    completed = telling.date_of(works.days["completed"]) if "completed" in works.days else None
    closed = completed is not None and completed <= telling.version.moment.date()
    floor = works.floor_area if len(project.works) > 1 else sum(w.floor_area for w in project.works)
    blank = project.hard and defects.happens(dice(telling.scene.seed, project.key, "zero", works.number), 19)
    flow = "2" if project.municipal else _FLOWS.get(project.path, "6")
    return {
        "XMMC": project_name(rng, project, "housing"),
        "GCFW": works.label,
        "XMTZLY": "1" if allocated else "2",
        "TDHQFS": _GROUND.get(project.path, "5"),
        "SPLCLX": flow,
        "LXLX": "1" if allocated else "3",
        "GCFL": "2" if project.municipal else "1",
        "JSXZ": "2" if project.phase and project.phase > 1 else "1",
        "XMZJSX": "1" if allocated else "3",
        "GBHYDMFBND": "2017",
        "GBHY": project.trade.code,
        "NKGSJ": f"{telling.on(120):%Y-%m}" if chance(rng, 0.2) else telling.on(120).isoformat(),
        "NJCSJ": telling.on(600).isoformat(),
        "XMSFWQBJ": "1" if closed else "0",
        "XMWQBJSJ": f"{completed} 17:00:00" if closed else "",
        "ZTZE": f"{roughly(rng, project, project.investment, 0.8, 1.3) * (1 + 0.01 * telling.edition):.2f}",
        "JSDDXZQH": project.district.adcode,
        "JSDD": place_name(rng, project),
        "JSGMJNR": f"建设{project.trade.product}{project.form}，总建筑面积{floor}平方米",
        "YDMJ": f"{roughly(rng, project, project.parcel.area, 0.85, 1.0):.0f}"
        if project.parcel and not blank
        else "0",
        "JZMJ": str(floor),
        "SBSJ": f"{telling.on()} 09:30:00",
        "SPLCBM": f"{telling.scene.calendar.first.year}-{flow}",
        "SPLCBBH": "1.0",
        "SFXXGC": "1" if project.municipal else "0",
        **_owner(telling),
    }


def _site(rng: random.Random, project: Project, works: Works) -> dict[str, str]:
    """What a permit and a completion both say of the ground and the building."""
    floor = works.floor_area
    return {
        "JSDZ": place_name(rng, project),
        "SSQX": project.place("housing"),
        "JSGM": f"{floor}平方米",
        "ZJZMJ": str(floor),
        "DSJZMJ": str(floor * 9 // 10),
        "DXJZMJ": str(floor - floor * 9 // 10),
    }


def _works_name(rng: random.Random, project: Project, works: Works) -> str:
    return project_name(rng, project, "housing") + works.label


def drawing_review(scene: Scene, project: Project, works: Works) -> str:
    """审查合格书编号 of a works that got its permit."""
    year = date_of(scene.calendar.first, works.days["permit"]).year
    return f"{project.district.adcode}-{year}-F-{project.index:06d}{works.number}"


def _permit(telling: Telling, works: Works) -> dict[str, str]:
    project, rng, blur = telling.project, telling.rng, telling.blur
    rented = project.path in GROUNDLESS
    use = "" if rented else number_on(telling.scene, USE, 0, project.use_permit, telling.day)
    works_permit = (
        "" if rented else number_on(telling.scene, LAND_WORKS, 0, project.works_permit, telling.day)
    )
    return {
        "SPSXSLBM": f"SX{project.index:06d}{works.number}S",
        "YDGHXKZBH": cited(rng, use, blur, telling.project.hard),
        "GCGHXKZBH": cited(rng, works_permit, blur, telling.project.hard),
        "ZBTZSBH": f"ZB{telling.on().year}{project.index:06d}{works.number}",
        "SCHGSBH": drawing_review(telling.scene, project, works),
        "JSXZ": "2" if project.phase and project.phase > 1 else "1",
        "FZJG": project.district.name + "住房和城乡建设局",
        "FZRQ": telling.on().isoformat(),
        "GLSD": project.district.adcode,
        "GCMC": _works_name(rng, project, works),
        "JHKGRQ": telling.on(15).isoformat(),
        "JHJGRQ": telling.on(400).isoformat(),
        "HTJG": f"{works.price * (1 + 0.03 * telling.edition):.2f}",
        **_site(rng, project, works),
        **_owner(telling),
    }


def _completion(telling: Telling, works: Works) -> dict[str, str]:
    project, rng, blur = telling.project, telling.rng, telling.blur
    permit = number_on(telling.scene, PERMITS, works.number, works.permit, telling.day)
    return {
        "SPSXSLBM": f"SX{project.index:06d}{works.number}J",
        "SCHGSBH": drawing_review(telling.scene, project, works),
        "SGXKZBH": cited(rng, permit, blur, telling.project.hard),
        "BAJG": project.district.name + "住房和城乡建设局",
        "BARQ": telling.on().isoformat(),
        "BAFW": works.label or "全部",
        "GCMC": _works_name(rng, project, works),
        "SFSXLHYS": "1",
        "KGRQ": telling.date_of(works.days["started"]).isoformat(),
        "JGRQ": telling.date_of(works.days["finished"]).isoformat(),
        "SJZJ": f"{works.price * rng.uniform(0.95, 1.1) * (1 + 0.02 * telling.edition):.2f}",
        "DAYSZT": "1",
        **_site(rng, project, works),
        **_owner(telling),
    }


_FILLS = {PROJECTS: _project, PERMITS: _permit, COMPLETIONS: _completion}


def events(scene: Scene, project: Project) -> Iterator[Row]:
    """The permit events of a project in the push's shape; the key is the event id."""
    first = scene.calendar.first
    for works in project.works:
        if "permit" not in works.days:
            continue
        day = works.days["permit"]
        rng = dice(scene.seed, project.key, EVENTS, works.number)
        story = [(day, "issued", "核发施工许可证")]
        story.append((day + rng.randint(1, 8), "supervision_registered", "办理质量安全监督注册"))
        if "started" in works.days:
            story.append((works.days["started"], "works_started", "现场确认开工"))
            story.append((works.days["started"] + rng.randint(1, 10), "first_inspection", "首次监督检查"))
        for incident in scene.of(PERMITS, works.number):
            kind = {"correct": "changed", "stuck": "changed", "reissue": "changed", "void": "voided"}.get(
                incident.kind
            )
            if kind:
                story.append((incident.day, kind, "施工许可变更" if kind == "changed" else "施工许可作废"))
        for number, (on, kind, detail) in enumerate(story):
            event_id = f"EV{project.district.adcode}{project.index:06d}{works.number:02d}{number:02d}{kind[0].upper()}"
            permit = number_on(scene, PERMITS, works.number, works.permit, on)
            moment = f"{date_of(first, on)}T10:{number:02d}:00+08:00"
            yield Row(
                EVENTS,
                event_id,
                moment,
                on,
                {
                    "event_id": event_id,
                    "type": kind,
                    "SGXKZBH": permit,
                    "GCDM": works.code,
                    "happened_at": moment,
                    "detail": detail,
                },
            )
