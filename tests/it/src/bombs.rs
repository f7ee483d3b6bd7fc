//! Components that are made to keep a compiler busy, or to break what reads them: made here, never kept.
//!
//! Each stands in a connector that is otherwise as it should be (the guests, packed with a manifest of their own), so that
//! nothing but the bomb is a reason to refuse it. What is appended is one more section of the component: a module, types,
//! imports. Nothing instantiates it; that it is there is enough to be compiled.

use patchbay_model::package;
use patchbay_test_support::Result;
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentAliasSection, ComponentExportKind, ComponentImportSection,
    ComponentInstanceSection, ComponentSection, ComponentTypeRef, ComponentTypeSection, ConstExpr, DataSection,
    Function, FunctionSection, InstanceSection, InstanceType, MemorySection, MemoryType, Module, ModuleSection,
    NestedComponentSection, PrimitiveValType, RawSection, RefType, TableSection, TableType, TypeSection, ValType,
};

use crate::{
    Variant,
    layers::{COMPONENT, Layers},
};

/// Magic number, version and layer of a component.
const HEADER: usize = 8;

/// A component, and what it is made of.
pub struct Bomb {
    /// For the reader of a failure.
    pub name: &'static str,
    /// The packed file.
    pub bytes: Vec<u8>,
}

/// The guests as a connector of their own.
fn of_number(number: usize) -> Result<Variant> {
    let mut guests = Variant::of_guests("0.1.0")?;
    guests.manifest.id = format!("bomb.n{number}");
    Ok(guests)
}

/// A section that every connector could have one more of.
fn in_connector(name: &'static str, number: usize, section: &impl ComponentSection) -> Result<Bomb> {
    let mut bytes = of_number(number)?.pack()?;
    bytes.extend(after_header(section));
    Ok(Bomb { name, bytes })
}

/// A section as it stands in a component.
fn after_header(section: &impl ComponentSection) -> Vec<u8> {
    let mut alone = Component::new();
    alone.section(section);
    alone.finish().into_iter().skip(HEADER).collect()
}

/// What is refused for its numbers, before anything is compiled.
///
/// # Errors
///
/// The guests are not built.
pub fn intricate() -> Result<Vec<Bomb>> {
    let mut types = ComponentTypeSection::new();
    for _ in 0..100_000 {
        types.defined_type().primitive(PrimitiveValType::U8);
    }
    let mut inside = InstanceType::new();
    for _ in 0..100_000 {
        inside.ty().defined_type().primitive(PrimitiveValType::U8);
    }
    let mut inner_types = ComponentTypeSection::new();
    inner_types.instance(&inside);
    let mut imports = ComponentImportSection::new();
    for number in 0..100_000 {
        imports.import(format!("i{number}").as_str(), ComponentTypeRef::Instance(0));
    }
    let mut aliases = ComponentAliasSection::new();
    for _ in 0..100_000 {
        aliases.alias(wasm_encoder::Alias::InstanceExport { instance: 0, kind: ComponentExportKind::Func, name: "f" });
    }
    let mut instances = InstanceSection::new();
    for _ in 0..100_000 {
        instances.instantiate::<_, &str>(0, []);
    }
    let mut long = ComponentImportSection::new();
    long.import("n".repeat(90_000).as_str(), ComponentTypeRef::Instance(0));
    let mut nested = Component::new();
    for _ in 0..2_000 {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&nested));
        nested = outer;
    }
    let mut nops = Function::new([]);
    for _ in 0..5 * 1024 * 1024 {
        nops.instructions().nop();
    }
    nops.instructions().end();
    let mut wide = Function::new([(50_000, ValType::I64)]);
    wide.instructions().end();
    let modules = Module::new();
    let mut many_modules = Component::new();
    for _ in 0..1_000 {
        many_modules.section(&ModuleSection(&modules));
    }
    Ok(vec![
        in_connector("100,000 types", 1, &types)?,
        in_connector("100,000 types inside one", 2, &inner_types)?,
        in_connector("100,000 imports", 3, &imports)?,
        in_connector("100,000 aliases", 4, &aliases)?,
        in_connector("100,000 instances", 5, &instances)?,
        in_connector("a name of 90,000 bytes", 6, &long)?,
        in_connector("components 2,000 deep", 7, &NestedComponentSection(&nested))?,
        in_connector("a function of 5 MiB", 8, &ModuleSection(&of_functions(1, &nops)))?,
        in_connector("100,000 functions of 50,000 locals", 9, &ModuleSection(&of_functions(100_000, &wide)))?,
        in_connector("1,000 modules", 10, &NestedComponentSection(&many_modules))?,
        in_connector("four thousand million types", 11, &RawSection { id: 7, data: &[0xff, 0xff, 0xff, 0xff, 0x0f] })?,
    ])
}

/// What only a compiler can find out, each below a megabyte together with the guests that it stands in, or not far above.
///
/// # Errors
///
/// The guests are not built.
pub fn slow() -> Result<Vec<Bomb>> {
    let module = |name, number, module: Module| in_connector(name, number, &ModuleSection(&module));
    Ok(vec![
        module("values that live through nested loops", 20, of_functions(1, &loops(40_000, 20_000)))?,
        module("a table of jumps that each carry 900 values", 21, of_functions(1, &jumps(60_000, 900)))?,
        module("60,000 loops in each other", 22, of_functions(1, &nested(60_000, 0)))?,
        module("20,000 functions of three calls", 23, of_functions(20_000, &calls(3)))?,
        giants(24)?,
    ])
}

/// One that is large enough to be given two minutes, and takes them.
///
/// # Errors
///
/// The guests are not built.
pub fn slowest() -> Result<Bomb> {
    let more_than_small = 1024 * 1024;
    in_connector("100,000 loops in each other", 25, &ModuleSection(&of_functions(1, &nested(100_000, more_than_small))))
}

fn of_functions(count: u32, function: &Function) -> Module {
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], []);
    // What a block of `jumps` takes and gives.
    types.ty().function([], vec![ValType::I64; 900]);
    for _ in 0..count {
        functions.function(0);
        code.function(function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module
}

/// Each local is read and written in the innermost of so many loops: at the head of each loop each of them may have
/// changed.
fn loops(locals: u32, depth: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I64)]);
    for _ in 0..depth {
        function.instructions().loop_(BlockType::Empty);
    }
    for local in 0..locals {
        function.instructions().local_get(local).i64_const(1).i64_add().local_set(local);
    }
    for level in 0..depth {
        function.instructions().local_get(level % locals).i64_eqz().br_if(0).end();
    }
    function.instructions().end();
    function
}

/// A jump to one of so many places, which are all the same block and take this many values.
fn jumps(targets: usize, values: u32) -> Function {
    let mut function = Function::new([]);
    function.instructions().block(BlockType::FunctionType(1));
    for value in 0..values {
        function.instructions().i64_const(i64::from(value));
    }
    function.instructions().i32_const(0).br_table(vec![0_u32; targets], 0).end();
    for _ in 0..values {
        function.instructions().drop();
    }
    function.instructions().end();
    function
}

/// Loops in each other: the time is the square of the depth, and the memory is not (wasmtime 48: 10,000 take 6 s and 175 MiB,
/// where as many blocks take 0.2 s). So a bomb below a limit of bytes needs many times its limit of time, on any machine.
/// `padding` bytes do nothing.
fn nested(depth: u32, padding: u32) -> Function {
    let mut function = Function::new([]);
    for _ in 0..depth {
        function.instructions().loop_(BlockType::Empty);
    }
    for _ in 0..padding {
        function.instructions().nop();
    }
    for _ in 0..depth {
        function.instructions().end();
    }
    function.instructions().end();
    function
}

fn calls(count: u32) -> Function {
    let mut function = Function::new([(1, ValType::I64)]);
    for _ in 0..count {
        function.instructions().call(0);
    }
    function.instructions().end();
    function
}

/// A table of ten million places, 4 GiB of memory and data behind its end, in a module that is instantiated with the
/// connector.
fn giants(number: usize) -> Result<Bomb> {
    let mut tables = TableSection::new();
    let (minimum, maximum) = (10_000_000, None);
    tables.table(TableType { element_type: RefType::FUNCREF, minimum, maximum, table64: false, shared: false });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 65_536,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(-1), vec![7; 100_000]);
    let mut module = Module::new();
    module.section(&tables).section(&memories).section(&data);
    let mut instances = InstanceSection::new();
    instances.instantiate::<_, &str>(0, []);
    let mut nested = Component::new();
    nested.section(&ModuleSection(&module)).section(&instances);
    let name = "a table of ten million and 4 GiB of memory";
    let mut bomb = in_connector(name, number, &NestedComponentSection(&nested))?;
    let inner = Layers::of(&bomb.bytes)?.count(COMPONENT) - 1;
    let mut instantiated = ComponentInstanceSection::new();
    instantiated.instantiate::<_, &str>(u32::try_from(inner)?, []);
    bomb.bytes.extend(after_header(&instantiated));
    Ok(bomb)
}

/// Files that are no component at all, or none that is whole: what it is, and its bytes.
///
/// # Errors
///
/// The guests are not built.
pub fn broken() -> Result<Vec<Bomb>> {
    let packed = of_number(30)?.pack()?;
    let header = packed.get(..HEADER).unwrap_or_default();
    let with = |rest: &[u8]| [header, rest].concat();
    let name = [&[0_u8, 0x85, 0x80, 0x40, 0x80, 0x80, 0x40][..], &vec![b'n'; 1024 * 1024], b"x"].concat();
    let manifest_length = package::MANIFEST_BYTES;
    let mut manifest = with(&[]);
    manifest.extend(section(0, &[&[17][..], package::SECTION.as_bytes(), &vec![b' '; manifest_length + 1]].concat()));
    Ok(vec![
        Bomb {
            name: "a section of one gigabyte that is not there",
            bytes: with(&[1, 0x80, 0x80, 0x80, 0x80, 0x04, 0, 0]),
        },
        Bomb { name: "a length of 35 bits", bytes: with(&[1, 0xff, 0xff, 0xff, 0xff, 0x7f]) },
        Bomb { name: "a length of six bytes", bytes: with(&[1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]) },
        Bomb { name: "a number of a section that there is none of", bytes: [&packed[..], &section(99, b"")].concat() },
        Bomb { name: "a custom section whose name has a megabyte", bytes: with(&name) },
        Bomb { name: "a manifest of more than a megabyte", bytes: manifest },
        Bomb {
            name: "a module inside that is cut off",
            bytes: [&packed[..], &section(1, b"\0asm\x01\0\0\0\x01\x70")].concat(),
        },
    ])
}

fn section(id: u8, body: &[u8]) -> Vec<u8> {
    after_header(&RawSection { id, data: body })
}
