use wasm_encoder::{
    CodeSection, Component, ComponentAliasSection, ComponentImportSection, ComponentSection, ComponentTypeRef,
    ComponentTypeSection, Function, FunctionSection, InstanceType, Module, ModuleSection, NestedComponentSection,
    PrimitiveValType, RawSection, TypeSection, ValType,
};

use super::*;

fn of(section: &impl ComponentSection) -> Vec<u8> {
    let mut component = Component::new();
    component.section(section);
    component.finish()
}

fn of_module(module: &Module) -> Vec<u8> {
    of(&ModuleSection(module))
}

fn refusal(bytes: &[u8]) -> String {
    let fault = take(bytes).expect_err("a refusal");
    assert_eq!(fault.code, Code::TooIntricate, "{fault:?}");
    fault.person
}

fn types(count: u32) -> Vec<u8> {
    let mut types = ComponentTypeSection::new();
    for _ in 0..count {
        types.defined_type().primitive(PrimitiveValType::U8);
    }
    of(&types)
}

#[test]
fn as_many_as_there_may_be_are_fine_and_one_more_is_not() {
    assert_eq!(take(&types(20_000)), Ok(()));
    assert!(refusal(&types(20_001)).ends_with("more than 20000 types"));
}

#[test]
fn parts_are_counted_at_every_depth_together() {
    let half = types(10_001);
    let mut both = Component::new();
    both.section(&RawSection { id: 4, data: &half }).section(&RawSection { id: 4, data: &half });
    assert!(refusal(&both.finish()).contains("types"));
}

#[test]
fn types_inside_one_type_are_told_by_their_bytes() {
    let mut inner = InstanceType::new();
    for _ in 0..100_000 {
        inner.ty().defined_type().primitive(PrimitiveValType::U8);
    }
    let mut types = ComponentTypeSection::new();
    types.instance(&inner);
    assert!(refusal(&of(&types)).contains("bytes of types"));
}

#[test]
fn imports_instances_aliases_and_modules_have_bounds_of_their_own() {
    let mut imports = ComponentImportSection::new();
    for number in 0..100_001 {
        imports.import(format!("i{number}").as_str(), ComponentTypeRef::Instance(0));
    }
    assert!(refusal(&of(&imports)).contains("imports"));
    let mut aliases = ComponentAliasSection::new();
    for _ in 0..20_001 {
        aliases.alias(wasm_encoder::Alias::InstanceExport {
            instance: 0,
            kind: wasm_encoder::ComponentExportKind::Func,
            name: "f",
        });
    }
    assert!(refusal(&of(&aliases)).contains("aliases"));
    let mut modules = Component::new();
    let empty = Module::new();
    for _ in 0..501 {
        modules.section(&ModuleSection(&empty));
    }
    assert!(refusal(&modules.finish()).contains("modules"));
    let mut instances = wasm_encoder::InstanceSection::new();
    for _ in 0..1_001 {
        instances.instantiate::<_, &str>(0, []);
    }
    assert!(refusal(&of(&instances)).contains("instances"));
}

#[test]
fn a_hundred_in_each_other_are_refused_at_the_ninth() {
    let mut nested = Component::new();
    for _ in 0..100 {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&nested));
        nested = outer;
    }
    assert!(refusal(&nested.finish()).contains("8 deep"));
}

#[test]
fn functions_are_bounded_in_number_length_and_local_variables() {
    let module = |count: u32, function: &Function| {
        let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        for _ in 0..count {
            functions.function(0);
            code.function(function);
        }
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&code);
        of_module(&module)
    };
    let mut plain = Function::new([]);
    plain.instructions().end();
    assert_eq!(take(&module(1_000, &plain)), Ok(()));
    assert!(refusal(&module(200_001, &plain)).contains("functions"));
    let mut wide = Function::new([(50_000, ValType::I64)]);
    wide.instructions().end();
    assert!(refusal(&module(21, &wide)).contains("local variables"));
    let mut long = Function::new([]);
    for _ in 0..FUNCTION_BYTES {
        long.instructions().nop();
    }
    long.instructions().end();
    assert!(refusal(&module(1, &long)).contains("a function of"));
}

#[test]
fn what_a_section_says_of_itself_is_not_believed_and_costs_nothing() {
    // Four thousand million types in six bytes.
    let lie = RawSection { id: 7, data: &[0xff, 0xff, 0xff, 0xff, 0x0f] };
    assert!(refusal(&of(&lie)).contains("types"));
    // A module of one gigabyte, of which nothing is there.
    let gigabyte = [b"\0asm\x0d\0\x01\0".as_slice(), &[1, 0x80, 0x80, 0x80, 0x80, 0x04]].concat();
    assert_eq!(take(&gigabyte).expect_err("cut off").code, Code::NotAComponent);
}
